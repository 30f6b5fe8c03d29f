/**
 * Programs that reach other machines.
 *
 * @module
 */
import type { Table } from "./table.ts";

export const NETWORK: Table = {
  curl: {
    options:
      "-o,--output=write --output-dir=write -O,--remote-name -J,--remote-header-name --remote-name-all -T,--upload-file=read -d,--data=data --data-ascii=data " +
      "--data-binary=data --data-raw=text --data-urlencode=data --json=data -F,--form=form --form-string=text -H,--header=data -X,--request=text " +
      "-A,--user-agent=text -e,--referer=text -u,--user=text -b,--cookie=read -c,--cookie-jar=write -D,--dump-header=write -K,--config=config " +
      "-x,--proxy=host --preproxy=host --socks5=host --socks5-hostname=host -E,--cert=read --key=read --cacert=read --capath=read -w,--write-out=text " +
      "-m,--max-time=text --connect-timeout=text --retry=text --retry-delay=text --retry-max-time=text -C,--continue-at=text -r,--range=text " +
      "-s,--silent -S,--show-error -L,--location --location-trusted -f,--fail --fail-with-body -i,--include -I,--head -v,--verbose -k,--insecure " +
      "-g,--globoff -G,--get -N,--no-buffer -q,--disable -4,--ipv4 -6,--ipv6 -#,--progress-bar --no-progress-meter --compressed --create-dirs -n,--netrc! " +
      "--netrc-file=config --trace=write --trace-ascii=write --stderr=write --etag-save=write --etag-compare=read --hsts=edit --alt-svc=edit --url=url " +
      "--resolve=text --connect-to=host --interface=text --limit-rate=text --max-redirs=text -z,--time-cond=text --http1.1 --http2 --http1.0 -0 --http3 " +
      "--tlsv1.2 --tlsv1.3 --unix-socket=never --abstract-unix-socket=never --engine=never --proto=text --libcurl=write -Q,--quote=never -t=never " +
      "--variable=never --expand-url=never --oauth2-bearer=text --digest --basic --negotiate --ntlm --anyauth --path-as-is --parallel -Z --fail-early --mail-from=text --mail-rcpt=text -a -j --no-keepalive --keepalive-time=text --raw -p -P=text -U=text --ssl-reqd -l",
    operands: "url*",
    special: "curl",
  },
  wget: {
    options:
      "-O,--output-document=write -P,--directory-prefix=write -o,--output-file=write -a,--append-output=write -i,--input-file=list -q,--quiet -v,--verbose " +
      "-nv,--no-verbose -c,--continue -N,--timestamping -S,--server-response --spider -t,--tries=text -T,--timeout=text -w,--wait=text -Q,--quota=text " +
      "-r,--recursive -l,--level=text -k,--convert-links -p,--page-requisites -m,--mirror -np,--no-parent -nd,--no-directories -nH,--no-host-directories " +
      "-nc,--no-clobber -x,--force-directories -E,--adjust-extension -H! --span-hosts! -A,--accept=text -R,--reject=text -D,--domains=text -I=text -X=text " +
      "-U,--user-agent=text --header=text --referer=text --user=text --password=text --post-data=text --post-file=read --body-file=read --body-data=text " +
      "--method=text --no-check-certificate --content-disposition --load-cookies=read --save-cookies=write --limit-rate=text --use-askpass=shell " +
      "-e,--execute=never --config=config --certificate=read --private-key=read --ca-certificate=read --progress=text --show-progress --rejected-log=write --cut-dirs=text -b,--background -4 -6 --random-wait --max-redirect=text --no-cache --restrict-file-names=text --warc-file=write --compression=text --retry-connrefused --waitretry=text --no-proxy --auth-no-challenge --delete-after --keep-session-cookies --server-response --read-timeout=text --no-cookies --no-clobber",
    operands: "url*",
    special: "wget",
  },
  "wget2 aria2c axel httpie http https xh lwp-request lwp-download links2 lynx links elinks w3m urlget": {
    options: "-o=write -O=write --output=write -d=write -dump -q --quiet",
    operands: "url*",
    never: "reaches the network with settings that are not followed",
  },
  "ssh autossh": { special: "ssh" },
  scp: {
    options:
      "-3 -4 -6 -A! -B -C -c=text -D=never -F=config -i=read -J=host -l=text -O -o=never -P=text -p -q -R -r -S=shell -s -T -v -X=text",
    operands: "from* to",
  },
  sftp: {
    options:
      "-P=text -i=read -r -q -C -v -b=script -D=shell -S=shell -F=config -o=never -s=never -B=text -R=text -l=text",
    operands: "host text*",
    never: "takes commands",
  },
  "ftp lftp ncftp tftp psftp smbclient lftpget": {
    open: true,
    options: "-e=code -c=code -f=script",
    operands: "host text*",
    never: "takes commands",
  },
  rsync: {
    open: true,
    options:
      "-e,--rsh=shell --rsync-path=shell -M,--remote-option=never --exclude=text --include=text --exclude-from=read --include-from=read --files-from=config -f,--filter=never " +
      "-T,--temp-dir=write --partial-dir=write --backup-dir=write --log-file=write --log-file-format=text --out-format=text --password-file=read --port=text --bwlimit=text " +
      "--timeout=text --contimeout=text --max-size=text --min-size=text --chmod=text --chown=text --compare-dest=read --copy-dest=read --link-dest=read --write-batch=write " +
      "--only-write-batch=write --read-batch=read --config=config --daemon! --info=text --debug=text --suffix=text -B=text --iconv=text --modify-window=text --stop-after=text --address=text --sockopts=text --early-input=read",
    operands: "from* to",
  },
  "nc ncat netcat socat telnet rlogin rsh mosh mosh-server minicom picocom cu": {
    open: true,
    options: "-e=shell -c=shell --exec=shell --sh-exec=shell --lua-exec=script -x=host --proxy=host",
    operands: "host text*",
    special: "netcat",
    never: "opens a raw connection",
  },
  "ping ping6 traceroute tracepath mtr host dig nslookup drill whois arping fping hping3 finger": {
    open: true,
    options:
      "-c=text -i=text -w=text -W=text -s=text -t=text -I=text -m=text -p=text -f=config -k=read -Q=text -M=text -l=text -n=text -q=text -T=text",
    operands: "host*",
    special: "lookup",
  },
  "nmap masscan zmap sqlmap bbot nikto wireshark tshark tcpdump dumpcap ettercap bettercap iftop nethogs ntpdate": {
    open: true,
    options: "-w=write -oN=write -oX=write -r=read -z=shell",
    operands: "text*",
    never: "looks at or searches the network",
  },
  "ssh-keygen ssh-add ssh-agent ssh-copy-id ssh-keyscan sshfs sshuttle": {
    open: true,
    options: "-f=edit -D=never",
    operands: "text*",
    never: "works on keys and connections",
  },
  openssl: { special: "openssl" },
  "openvpn wg wg-quick nmcli ifup ifdown ip tc bridge wpa_cli wpa_supplicant dhclient dnsmasq hostapd": {
    open: true,
    operands: "text*",
    posix: true,
    never: "changes the network",
  },
  "ifconfig route arp netstat ss iwconfig iw ethtool": {
    open: true,
    options: "-F=config -D=write -A=text -f=text -K! -N!",
    operands: "text*",
    special: "showOnly",
  },
  "ab bconsole mosquitto rdesktop xfreerdp lp lpr efax ksu dbus-send gdbus busctl qdbus beeline trino presto": {
    open: true,
    operands: "text*",
    never: "talks to a service",
  },
  "mail mailx sendmail msmtp mutt neomutt alpine exim swaks": { open: true, operands: "text*", never: "sends mail" },
  "youtube-dl yt-dlp rclone restic borg duplicity s3cmd gsutil mc minio croc magic-wormhole wormhole kermit rtorrent transmission-cli code":
    {
      open: true,
      options: "--exec=shell --password-command=shell",
      operands: "text*",
      never: "moves files between machines",
    },
  "xdg-open open x-www-browser sensible-browser firefox chromium google-chrome chrome xdotool xmodmap": {
    open: true,
    operands: "text*",
    never: "starts another program",
  },
};
