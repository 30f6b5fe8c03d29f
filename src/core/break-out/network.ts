/** Attempts to reach somebody: decoys that listen on this machine. @module */
import type { Attempt, Family } from "./attempt.ts";
import { numberIn, OWN, perlAttempt, UNSHARE } from "./perl.ts";

const HEARS = "alarm 3; my $x = <$s>; exit(defined $x && $x =~ /^canary/ ? 0 : 1)";

function family(name: string, number: number, kind: number, words: string): Attempt {
  const text = `socket(my $s, ${number}, ${kind}, 0) or exit 1; exit 0`;
  return perlAttempt(`socket-${name}`, `a program gets no socket ${words}`, text);
}

/** @param words ends "a program cannot talk with the kernel about …" */
function netlink(name: string, protocol: number, words: string): Attempt {
  const text = `socket(my $s, 16, 3, ${protocol}) or exit 1; exit 0`;
  return perlAttempt(`netlink-${name}`, `a program cannot talk with the kernel about ${words}`, text);
}

function protocol(name: string, kind: number, number: number, words: string): Attempt {
  const text = `socket(my $s, 2, ${kind}, ${number}) or exit 1; exit 0`;
  return perlAttempt(`protocol-${name}`, `a program gets no ${words} socket, of which it has no use`, text);
}

const attempts: readonly Attempt[] = [
  {
    id: "net-interfaces",
    says: "a program without a way out has no network but its own loop",
    script:
      "while read -r x; do case $x in *[a-z0-9]:*) case $x in lo:*) ;; *) exit 0 ;; esac ;; esac; done </proc/net/dev; exit 1",
    short: true,
  },
  {
    id: "net-route",
    says: "a program has no route to anywhere",
    script: '{ read -r x; read -r x y; } </proc/net/route; test -n "$y"',
  },
  {
    id: "net-listeners",
    says: "a program does not see who listens on this machine",
    script: "read -r x; while read -r x y z w; do case $w in 0A*) exit 0 ;; esac; done </proc/net/tcp; exit 1",
  },
  {
    id: "net-tcp",
    says: "a program cannot reach a service on this machine's loop",
    script: `{ if command -v perl >/dev/null; then perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$ENV{PORT}", Timeout => 3) or exit 1; print <$s>'
else nc 127.0.0.1 "$PORT"; fi; } </dev/null | grep -q canary`,
    needs: ["perl|nc", "grep"],
  },
  perlAttempt(
    "net-tcp6",
    "a program cannot reach a service by IPv6",
    `use Socket; socket(my $s, AF_INET6, SOCK_STREAM, 0) or exit 1; connect($s, pack_sockaddr_in6($ENV{PORT6}, Socket::inet_pton(AF_INET6, "::1"))) or exit 1; ${HEARS}`,
  ),
  perlAttempt(
    "net-address",
    "a program cannot reach a service by this machine's own address",
    `use Socket; exit 1 unless $ENV{ADDRESS}; socket(my $s, AF_INET, SOCK_STREAM, 0) or exit 1; alarm 3; connect($s, pack_sockaddr_in($ENV{ADDRESS_PORT}, inet_aton($ENV{ADDRESS}))) or exit 1; ${HEARS}`,
  ),
  perlAttempt(
    "net-udp",
    "a program gets no answer to a datagram, so asks no name server",
    `use Socket; socket(my $s, AF_INET, SOCK_DGRAM, 0) or exit 1; send($s, "who", 0, pack_sockaddr_in($ENV{UDP}, inet_aton("127.0.0.1"))) or exit 1; alarm 3; recv($s, my $x, 64, 0); exit($x =~ /^canary/ ? 0 : 1)`,
  ),
  perlAttempt(
    "net-metadata",
    "a program does not reach the address where clouds keep their keys",
    'use Socket; socket(my $s, AF_INET, SOCK_STREAM, 0) or exit 1; alarm 2; connect($s, pack_sockaddr_in(80, inet_aton("169.254.169.254"))) or exit 1; exit 0',
  ),
  perlAttempt(
    "net-unix",
    "a program cannot reach a service by its socket file",
    `use Socket; socket(my $s, AF_UNIX, SOCK_STREAM, 0) or exit 1; connect($s, pack_sockaddr_un("$ENV{STAGE}/s")) or exit 1; ${HEARS}`,
  ),
  perlAttempt(
    "net-abstract",
    "a program cannot reach a service by a socket without a file",
    `use Socket; socket(my $s, AF_UNIX, SOCK_STREAM, 0) or exit 1; connect($s, pack_sockaddr_un("\\0$ENV{ABSTRACT}")) or exit 1; ${HEARS}`,
  ),
  {
    id: "net-services",
    says: "a program sees no socket of docker, systemd, D-Bus or another service",
    script:
      'for s in /run/*.sock /run/*/*.sock /run/*/*socket* /run/user/*/bus /run/postgresql/.s.* /var/run/docker.sock; do test -S "$s" && exit 0; done; exit 1',
  },
  perlAttempt(
    "net-raw",
    "a program cannot make packets of its own",
    `syscall(${numberIn(UNSHARE)}, ${OWN.net}); socket(my $s, 2, 3, 255) or exit 1; exit 0`,
  ),
  perlAttempt(
    "net-packet",
    "a program cannot listen to what passes",
    `syscall(${numberIn(UNSHARE)}, ${OWN.net}); socket(my $s, 17, 3, 0) or exit 1; exit 0`,
  ),
  family("vsock", 40, 1, "to the machine that hosts this one"),
  family("alg", 38, 5, "of the kernel's ciphers"),
  family("key", 15, 3, "of the kernel's IPsec keys"),
  family("tipc", 30, 1, "of a cluster"),
  family("can", 29, 3, "of a vehicle's bus"),
  family("bluetooth", 31, 3, "of the radio"),
  family("rds", 21, 5, "of a database's network"),
  family("smc", 43, 1, "of shared memory between machines"),
  family("xdp", 44, 3, "past the kernel's network"),
  family("kcm", 41, 2, "that joins others"),
  netlink("audit", 9, "its log of accesses"),
  netlink("netfilter", 12, "its filters"),
  netlink("xfrm", 6, "its tunnels"),
  netlink("generic", 16, "drivers"),
  netlink("diag", 4, "the sockets of others"),
  netlink("uevent", 15, "devices that come and go"),
  netlink("crypto", 21, "its ciphers"),
  protocol("sctp", 1, 132, "SCTP"),
  protocol("dccp", 6, 33, "DCCP"),
  protocol("mptcp", 1, 262, "MPTCP"),
  protocol("udplite", 2, 136, "UDP-Lite"),
];

export const network: Family = { name: "network and sockets", attempts };
