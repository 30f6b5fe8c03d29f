/**
 * Programs that show or change how the system is.
 *
 * @module
 */
import type { Table } from "./table.ts";

const CHANGES = "changes the system";

export const SYSTEM: Table = {
  "uname arch nproc whoami id groups users tty logname hostid uptime getconf locale lsb_release": {
    open: true,
    operands: "text*",
    special: "identity",
  },
  "ps pgrep pidof free vmstat mpstat iostat sar lscpu lsmem lsusb lspci lshw lsblk blkid findmnt lsmod lsof who w last lastlog lastb pstree ipcs pmap pwdx tload slabtop dmidecode hwinfo inxi sensors acpi numastat lsns lsipc lslocks lslogins procs":
    {
      open: true,
      operands: "text*",
    },
  who: { open: true, operands: "read*" },
  dmidecode: { open: true, options: "--from-dump=read --dump-bin=write -s=text -t=text -d=read", operands: "text*" },
  top: {
    open: true,
    options: "-b -n=text -d=text -p=text -u=text -U=text -c -H -i -o=text -s -w?text -1 -E=text -S",
    operands: "text*",
    special: "top",
  },
  "htop btop atop glances iotop powertop nmon bottom": { open: true, operands: "text*", never: "is steered by keys" },
  hostname: { open: true, options: "-F=config -b!", operands: "never*", special: "identity" },
  date: {
    open: true,
    options: "-d,--date=text -f,--file=read -r,--reference=read -s! --set! -I?text --rfc-3339=text --iso-8601?text",
    operands: "text*",
    special: "date",
  },
  "sleep usleep true false test [ echo printf pwd uuidgen mcookie jot numsum cksfv tput stty clear reset setterm": {
    open: true,
    operands: "text*",
    special: "plain",
  },
  "which whereis whatis apropos type": { open: true, operands: "text*", special: "which" },
  man: {
    special: "manual",
    open: true,
    options:
      "-P=shell --pager=shell -H?shell --html?shell -C=config --config-file=config -p=text -M=read -l! --local-file!",
    operands: "text*",
  },
  "info pinfo tldr help": {
    open: true,
    options: "-f=read -o=write --restore=script --init-file=config --dribble=write",
    operands: "text*",
  },
  getent: {
    open: true,
    operands: "text*",
    commands: {
      shadow: "shows password hashes",
      gshadow: "shows password hashes",
      ...Object.fromEntries(
        "passwd group hosts ahosts ahostsv4 ahostsv6 services protocols networks ethers rpc netgroup initgroups"
          .split(" ")
          .map((name) => [name, { open: true, operands: "text*" }] as const),
      ),
    },
  },
  "kill pkill killall skill xkill fuser": {
    open: true,
    options: "-s=text -n=text -u=text -g=text -P=text -t=text -F=read --pidfile=read",
    operands: "text*",
  },
  renice: { open: true, operands: "text*" },
  dmesg: {
    open: true,
    options: "-F=read --file=read -C! -c! --clear! --read-clear! -D! -E! -n! -H! --human! -w! --follow! -K=read",
    operands: "text*",
  },
  journalctl: {
    open: true,
    options:
      "-D=read --directory=read --file=read --rotate! --vacuum-size! --vacuum-time! --flush! -u=text -n=text -S=text -U=text -p=text -o=text --no-pager",
    operands: "text*",
    special: "paged",
  },
  "systemctl service initctl rc-service loginctl timedatectl hostnamectl localectl networkctl resolvectl systemd-resolve systemd-analyze busctl coredumpctl bootctl homectl portablectl":
    {
      open: true,
      operands: "text*",
      never: "shows its output in a pager, or changes the system",
    },
  mount: { options: "-l -v -t=text -h -V --show-labels --verbose", operands: "never*" },
  "umount losetup swapon swapoff fsck e2fsck tune2fs debugfs dmsetup lvm vgchange hdparm smartctl quota setquota zfs zpool btrfs":
    { open: true, operands: "text*", never: CHANGES },
  "useradd userdel usermod groupadd adduser deluser passwd chpasswd chsh chfn gpasswd visudo vipw vigr chage newusers pwconv":
    { open: true, operands: "text*", never: CHANGES, privileged: true },
  "sysctl modprobe insmod rmmod depmod kexec setcap getcap setenforce semanage chcon restorecon auditctl aureport iptables ip6tables iptables-save iptables-restore nft ufw firewall-cmd fail2ban-client":
    {
      open: true,
      operands: "text*",
      never: CHANGES,
    },
  "update-alternatives update-rc.d chkconfig alternatives ldconfig locale-gen dpkg-statoverride logrotate rsyslogd syslogd logger wall write mesg certbot openvt chvt loadkeys setfont":
    { open: true, operands: "text*", never: CHANGES },
  "shutdown reboot halt poweroff init telinit mkfs mke2fs mkswap wipefs": {
    open: true,
    operands: "text*",
    never: CHANGES,
    destructive: true,
  },
  "fdisk sfdisk gdisk parted": { options: "-l,--list", operands: "read*", bare: CHANGES },
  "ifstat pidstat dstat pcp bashbug apport-cli": { open: true, operands: "text*" },
  pidstat: { open: true, options: "-e=argv -p=text -t -u=text -U=text", operands: "text*" },
  "apport-cli bashbug perlbug": { open: true, operands: "text*", never: "starts an editor" },
  "dstat neofetch fastfetch screenfetch": { options: "", operands: "text*", never: "takes settings and plugins" },
  "apache2ctl httpd nginx varnishd varnishncsa lighttpd caddy asterisk rsyncd sshd cupsd snort": {
    open: true,
    operands: "text*",
    never: "is a service",
  },
  "check_cups check_memory check_raid check_ssl_cert check_by_ssh check_log check_statusfile": {
    open: true,
    operands: "text*",
    never: "runs what it is told to check",
  },
  "xclip xsel wl-copy wl-paste pbcopy pbpaste": {
    open: true,
    options: "-i -o -selection=text -d=text",
    single: true,
    operands: "read*",
  },
  "notify-send dialog whiptail zenity kdialog": { open: true, operands: "text*", never: "asks on a screen" },
  "scrot xwd": { open: true, options: "-e=shell", operands: "write" },
  "ffmpeg ffprobe ffplay sox convert magick mogrify identify montage composite exiftool optipng jpegoptim pngquant mplayer mpv vlc lame flac":
    {
      open: true,
      single: true,
      options:
        "-i=read -f=text -c=text -vf=text -af=text -ss=text -t=text -r=text -s=text -b=text -resize=text -quality=text -geometry=text -write=write -config=config -execute! -if=never -w=write",
      operands: "edit*",
      special: "media",
    },
  "mkpasswd pwgen apg": { open: true, operands: "text*" },
  "tic infocmp toe": { open: true, options: "-o=write", operands: "read*" },
  "zic zdump": { open: true, options: "-d=write -y=shell -l=write", operands: "read*" },
  pv: {
    open: true,
    options: "-s=text -L=text -i=text -w=text -N=text -B=text -d=text",
    operands: "read*",
    prints: "input",
  },
  sponge: { options: "-a", operands: "write" },
  "ts vidir vipe ifne chronic errno isutf8 mispipe zrun": { operands: "argv" },
  "qpdf pdftotext pdfinfo pdftk pdfunite pdfseparate ps2pdf": {
    open: true,
    single: true,
    options: "-o=write",
    operands: "edit*",
    special: "media",
  },
};
