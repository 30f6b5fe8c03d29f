/**
 * Programs whose purpose is to start another one.
 *
 * @module
 */
import type { Table } from "./table.ts";

export const WRAPPERS: Table = {
  "sh bash dash zsh ksh mksh ash rbash yash posh lksh bosh rzsh": { special: "shell" },
  "busybox toybox": { operands: "argv" },
  env: { special: "env" },
  xargs: { special: "xargs" },
  timeout: {
    options: "-k,--kill-after=text -s,--signal=text -v,--verbose --foreground --preserve-status",
    operands: "text argv",
  },
  // A program of this name exists where POSIX is taken at its word.
  command: { options: "-p -v -V", operands: "argv", special: "named" },
  nice: { options: "-n,--adjustment=text", operands: "argv" },
  ionice: {
    options: "-c,--class=text -n,--classdata=text -t,--ignore -p,--pid=text -P=text -u=text",
    operands: "argv",
  },
  chrt: {
    options:
      "-b,--batch -f,--fifo -i,--idle -o,--other -r,--rr -d,--deadline -a -m,--max -p,--pid -v -R -T=text -P=text -D=text",
    operands: "text argv",
  },
  taskset: { options: "-a,--all-tasks -c,--cpu-list -p,--pid", operands: "text argv" },
  "nohup setsid unbuffer multitime catchsegv eatmydata torify torsocks proxychains proxychains4 tsocks fakeroot dbus-run-session caffeinate":
    {
      operands: "argv",
      options: "-c,--ctty -f,--fork -w,--wait -p -q",
    },
  multitime: {
    options: "-n=text -f=text -i=shell -r=shell -o=shell -s=text -b=config -q -v -I=text -l",
    operands: "argv",
  },
  rlwrap: { options: "-a?text -c -f=read -H=write -i -r -C=text -z=shell -O=text -p?text -s=text", operands: "argv" },
  stdbuf: { options: "-i,--input=text -o,--output=text -e,--error=text", operands: "argv" },
  time: {
    options: "-p,--portability -v,--verbose -a,--append -q,--quiet -f,--format=text -o,--output=write",
    operands: "argv",
  },
  watch: {
    options:
      "-n,--interval=text -d?text --differences?text -t,--no-title -b,--beep -e,--errexit -g,--chgexit -c,--color -p,--precise -w -q=text -r -x,--exec",
    special: "joined",
    operands: "argv",
  },
  "flock setlock": {
    options:
      "-s,--shared -x,-e,--exclusive -u,--unlock -n,--nb,--nonblock -w,--wait,--timeout=text -o,--close -E=text -F,--no-fork -v -c,--command=shell -N -X",
    operands: "write argv",
    special: "flock",
  },
  parallel: {
    special: "joined",
    operands: "argv",
    options:
      "-j=text --jobs=text -k -n=text -N=text -X -m -q -0 --dry-run --bar --eta --will-cite -u -v -I=text --halt=text -L=text -P=text --max-args=text",
    never: "puts commands together from what it reads",
  },
  "script scriptreplay scriptlive": {
    options:
      "-q,--quiet -a,--append -c,--command=shell -e,--return -f,--flush -E=text -O=write -I=write -B=write -T=write -t?text -m=text",
    operands: "write",
    bare: "records a shell",
  },
  expect: { options: "-c=code -f=script -b -d -i -N -n -v", operands: "script text*", bare: "takes code" },
  "strace ltrace": {
    options:
      "-f -ff -e=text -o=write -c -s=text -t -tt -ttt -T -v -x -y -yy -k -r -i -q -n -C -S -d -L -l=text -a=text -P=text -p=text -u=never -E=never -F=config -A=text -D=text -b=text -I=text -O=text -w",
    operands: "argv",
  },
  "setarch linux32 linux64 i386 x86_64 uname26": {
    options: "-v -R -L -X -Z -B -3 -m",
    operands: "argv",
    special: "setarch",
  },
  "start-stop-daemon": { options: "-S,--start -x=never -n=text -K,--stop", operands: "argv", never: "starts a daemon" },
  "cpulimit softlimit chpst logsave prlimit numactl cgexec systemd-cat systemd-inhibit choom uclampset schedtool": {
    options: "-l=text -q -i -f -e=text --nofile=text --cpu=text --as=text -m=text -c=text -g=text",
    operands: "argv",
    never: "starts a program",
  },
  "grc genie concurrently forever pm2 gtester": { open: true, operands: "argv", never: "starts a program" },
  "run-parts run-mailcap see edit compose print": { operands: "script*", never: "runs what it finds" },
  "entr watchexec nodemon reflex": {
    options: "-r -c -d -s=shell -n -p -z",
    operands: "argv",
    never: "starts a program whenever a file changes",
  },
  sshpass: { options: "-p=text -f=read -e -P=text -v -d=text", operands: "argv", never: "hands over a password" },
  "sudo sudoedit": {
    options:
      "-u,--user=text -g,--group=text -E -H -n -S -s -i -k -K -b -A -C=text -D=folder -h=text -p=text -r=text -t=text -T=text -U=text -l -v -e",
    operands: "argv",
    privileged: true,
    special: "elevate",
  },
  doas: { options: "-n -s -u=text -C=config -L", operands: "argv", privileged: true, special: "elevate" },
  "pkexec run0 gosu su-exec setuidgid setpriv capsh aa-exec aoss runcon newrole chroot nsenter unshare switch_root": {
    open: true,
    operands: "argv",
    privileged: true,
    never: "changes who a program runs as, or where",
  },
  chroot: { options: "--userspec=text --groups=text --skip-chdir", operands: "folder argv", privileged: true },
  "su runuser sg newgrp": {
    options: "-c,--command=shell -s,--shell=never -l,--login -m -p -u=text - -g=text -G=text -w=text -P",
    operands: "text*",
    privileged: true,
    never: "changes who a program runs as",
  },
  "docker podman nerdctl ctr crictl lxc lxc-attach machinectl buildah": {
    open: true,
    options: "-H=never --host=never --context=text -l=text --log-level=text --config=config",
    operands: "text*",
    posix: true,
    commands: {
      ps: { open: true, operands: "text*" },
      images: { open: true, operands: "text*" },
      version: { open: true },
      info: { open: true },
      inspect: { open: true, operands: "text*" },
      logs: { open: true, operands: "text*" },
      top: { open: true, operands: "text*" },
      stats: { open: true, operands: "text*" },
      port: { open: true, operands: "text*" },
      diff: { open: true, operands: "text*" },
      history: { open: true, operands: "text*" },
      exec: {
        open: true,
        options: "-e,--env=text -u,--user=text -w,--workdir=text --env-file=config",
        operands: "text argv",
        never: "runs a program in a container",
      },
      run: {
        open: true,
        options:
          "-v,--volume=text -e,--env=text -p,--publish=text -w,--workdir=text -u,--user=text --name=text --network=text --mount=text --entrypoint=text -m=text -h=text -l=text --rm --cpus=text",
        operands: "text argv",
        never: "runs a program in a container",
      },
    },
  },
  "kubectl oc k3s helm": {
    open: true,
    options: "-n,--namespace=text --context=text --kubeconfig=config",
    operands: "text*",
    posix: true,
    commands: {
      version: { open: true },
      exec: { open: true, options: "-c=text -n=text", operands: "text argv", never: "runs a program in a container" },
    },
  },
  "vagrant virsh qemu-system-x86_64 qemu firejail bwrap proot systemd-nspawn arch-nspawn flatpak snap distrobox toolbox":
    {
      open: true,
      operands: "text*",
      never: "starts a machine or a container",
    },
  "screen tmux tmate byobu dtach abduco zellij": {
    open: true,
    operands: "text*",
    never: "starts a terminal of its own",
  },
  crontab: { options: "-l -u=text -e! -r! -i!", operands: "script*", special: "crontab" },
  "at batch anacron systemd-run atrm": {
    open: true,
    options: "-l",
    operands: "script*",
    never: "starts programs later",
  },
  "bpftrace perf gdb gdbserver lldb cgdb rr valgrind dtrace stap trace-cmd uftrace gcore scanmem crash": {
    open: true,
    operands: "argv",
    never: "starts and steers programs",
  },
  "ld.so ld-linux.so ld-linux-x86-64.so": { operands: "argv", never: "starts a program" },
  "pexec dsh pssh parallel-ssh ansible ansible-playbook salt puppet chef-solo facter cfagent": {
    open: true,
    operands: "text*",
    never: "runs commands on machines",
  },
};
