# Listens on 127.0.0.1:3128 inside a sandbox and pipes each connection to the
# egress proxy's socket. Answers to its caller (by ending) once it listens, and
# goes on in the background. Perl, because it starts in a tenth of the time of
# node and every Debian has it.
use strict;
use warnings;
use Socket;

my $CHUNK = 65536;
$SIG{PIPE} = 'IGNORE';
socket(my $listener, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
setsockopt($listener, SOL_SOCKET, SO_REUSEADDR, 1);
bind($listener, sockaddr_in(3128, INADDR_LOOPBACK)) or die "bind: $!";
listen($listener, 64) or die "listen: $!";
my $child = fork();
die "fork: $!" unless defined $child;
exit 0 if $child;
# The program's output ends when the program does, not when this does.
open STDIN, '<', '/dev/null';
open STDOUT, '>', '/dev/null';
open STDERR, '>', '/dev/null';

my %peer;      # fd number -> the other side's handle
my %handle;    # fd number -> its handle
my %pending;   # fd number -> bytes that wait to be written to it
my %ended;     # fd number -> its reading side has ended

sub drop {
    my @both = @_;    # a copy: the arguments are members of the tables that they are deleted from
    for my $h (@both) {
        my $n = fileno $h;
        delete $_->{$n} for \(%peer, %handle, %pending, %ended);
        close $h;
    }
}

sub admit {
    accept(my $client, $listener) or return;
    socket(my $proxy, PF_UNIX, SOCK_STREAM, 0) or return close $client;
    if (!connect($proxy, sockaddr_un('/run/vambrace/egress/proxy.sock'))) { close $client; close $proxy; return }
    for my $pair ([$client, $proxy], [$proxy, $client]) {
        my ($h, $other) = @$pair;
        my $n = fileno $h;
        ($handle{$n}, $peer{$n}, $pending{$n}, $ended{$n}) = ($h, $other, '', 0);
    }
}

sub pump_in {
    my $h = shift;
    my $n = fileno $h;
    my $to = fileno $peer{$n};
    my $got = sysread $h, $pending{$to}, $CHUNK, length $pending{$to};
    return drop($h, $peer{$n}) unless defined $got;
    $ended{$n} = 1 if $got == 0;
    finish($n, $to);
}

sub pump_out {
    my $h = shift;
    my $n = fileno $h;
    my $put = syswrite $h, $pending{$n};
    return drop($h, $peer{$n}) unless defined $put;
    substr($pending{$n}, 0, $put) = '';
    finish(fileno $peer{$n}, $n);
}

# Passes the end of one direction on, and closes when both have ended.
sub finish {
    my ($from, $to) = @_;
    return unless $ended{$from} and $pending{$to} eq '';
    shutdown $handle{$to}, 1;
    drop($handle{$from}, $handle{$to}) if $ended{$to} and $pending{$from} eq '';
}

while (1) {
    my ($r, $w) = ('', '');
    vec($r, fileno $listener, 1) = 1;
    for my $n (keys %handle) {
        vec($r, $n, 1) = 1 if !$ended{$n} and length $pending{fileno $peer{$n}} < $CHUNK;
        vec($w, $n, 1) = 1 if $pending{$n} ne '';
    }
    next if select($r, $w, undef, undef) < 0;
    for my $n (keys %handle) {
        pump_out($handle{$n}) if exists $handle{$n} and vec($w, $n, 1);
        pump_in($handle{$n}) if exists $handle{$n} and vec($r, $n, 1);
    }
    admit() if vec($r, fileno $listener, 1);
}
