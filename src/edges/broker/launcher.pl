# Starts programs for the broker: a process as small as this is forked in a
# tenth of the time that one as large as node takes, and may wait until the
# child is on its way. Perl, because every Debian has it.
#
# Orders come on standard input, answers go to standard output. An order is a
# length and that many bytes; these are words, each a length and that many
# bytes. Nothing in a word is looked at by a shell.
#
#   start ID NUMBER-OF-DOORS DOOR... NUMBER-OF-FDS FD FLAGS ... PROGRAM WORD...
#   kill ID
#
# Answers are lines: `pid ID PID`, `taken ID` (the child has opened what it was
# given), `ended ID STATUS`. It ends when the broker does, and everything that
# it started ends with it.
use strict;
use warnings;
no warnings 'io';    # standard handles are opened anew as what they are in the child

my ($broker, $PRCTL, $SIGPROCMASK, $SIGNALFD) = @ARGV;
my ($PR_SET_PDEATHSIG, $PR_SET_CHILD_SUBREAPER, $SIG_BLOCK, $SIG_UNBLOCK) = (1, 36, 0, 1);
my ($SIGKILL, $F_DUPFD_CLOEXEC, $O_CLOEXEC, $WNOHANG) = (9, 1030, 02000000, 1);
my $CHLD = pack 'Q', 1 << 16;

sub must {
    my ($what, @call) = @_;
    my $got = syscall $call[0], @call[1 .. $#call];
    die "$what: $!\n" if $got < 0;
    return $got;
}

# What was inherited beside the standard three would be open in every sandbox.
opendir my $numbers, '/proc/self/fd' or die "/proc/self/fd: $!\n";
for my $fd (grep { /^\d+$/ && $_ > 2 && $_ != fileno $numbers } readdir $numbers) {
    open my $h, '<&=', $fd or next;
    close $h;
}
closedir $numbers;

# What bubblewrap leaves when it is killed is collected here, and at once, whoever process 1 is.
must('prctl', $PRCTL, $PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
must('sigprocmask', $SIGPROCMASK, $SIG_BLOCK, $CHLD, 0, 8);
my $signalfd = must('signalfd', $SIGNALFD, -1, $CHLD, 8, $O_CLOEXEC);
open my $signals, '<&=', $signalfd or die "signals: $!\n";

my $self = $$;
my (%pid, %id);      # of the children that were not waited for yet
my $orders = '';

sub answer { my $line = "@_\n"; syswrite(STDOUT, $line) == length $line or exit 1 }

sub start {
    my ($id, @rest) = @_;
    my @doors = splice @rest, 0, shift @rest;
    my @fds = splice @rest, 0, 2 * shift @rest;
    my $child = fork;
    if (!defined $child) { answer('ended', $id, 127); return }
    become($id, \@doors, \@fds, \@rest) if $child == 0;
    ($pid{$id}, $id{$child}) = ($child, $id);
    answer('pid', $id, $child);
}

# In the child. Everything that is open is closed, so that the lowest free number is the next one wanted.
sub become {
    my ($id, $doors, $fds, $words) = @_;
    my $count = @$fds / 2;
    my @open;
    eval {
        # The numbers that it was told mean nothing any more when the broker has heard of this process's end.
        must('prctl', $PRCTL, $PR_SET_PDEATHSIG, $SIGKILL, 0, 0, 0);
        die "too late\n" if getppid != $self;
        $^F = $count - 1;    # these stay open in the program, and nothing above them does
        my $above = fcntl STDOUT, $F_DUPFD_CLOEXEC, $count or die;
        open my $say, '>&=', $above or die;
        close $_ or die for *STDIN, *STDOUT, *STDERR, $signals;
        while (@$fds) {
            my ($fd, $flags) = splice @$fds, 0, 2;
            sysopen my $h, "/proc/$broker/fd/$fd", $flags or die "descriptor $fd: $!\n";
            fileno $h == @open or die "descriptor $fd is out of place\n";
            push @open, $h;
        }
        syswrite $say, "taken $id\n" or die;
        for my $door (@$doors) {
            sysopen my $h, $door, 1 or die "$door: $!\n";
            syswrite $h, $$ or die "$door: $!\n";
        }
        must('sigprocmask', $SIGPROCMASK, $SIG_UNBLOCK, $CHLD, 0, 8);
        exec { $words->[0] } @$words or die "$words->[0]: $!\n";
    };
    syswrite $open[2], "launcher: $@" if $open[2];
    exit 127;
}

sub obey {
    my ($what, $id, @rest) = unpack '(N/a*)*', shift;
    return start($id, @rest) if $what eq 'start';
    die "an order that is none\n" if $what ne 'kill';
    kill $SIGKILL, $pid{$id} if exists $pid{$id};
}

# A number is somebody else's as soon as it was waited for, so it is forgotten here.
sub collect {
    while ((my $child = waitpid -1, $WNOHANG) > 0) {
        my $id = delete $id{$child};
        next unless defined $id;
        delete $pid{$id};
        answer('ended', $id, $? & 127 ? 137 : $? >> 8);
    }
}

while (1) {
    my $ready = '';
    vec($ready, $_, 1) = 1 for fileno STDIN, $signalfd;
    next if select($ready, undef, undef, undef) < 0;
    if (vec($ready, $signalfd, 1)) {
        sysread $signals, my $which, 128;
        collect();
    }
    next unless vec $ready, fileno STDIN, 1;
    sysread(STDIN, $orders, 65536, length $orders) or exit 0;
    while (length $orders >= 4 and length $orders >= 4 + (my $length = unpack 'N', $orders)) {
        my $order = substr $orders, 4, $length;
        substr($orders, 0, 4 + $length) = '';
        obey($order);
    }
}
