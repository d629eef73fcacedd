# SPDX-License-Identifier: MIT
# Coro's threads, each with a C stack of its own, that allocate below different numbers of frames: 1000 of them.
use strict;
use warnings;
use Coro;

my $done = 0;

sub climb {
    my $n = shift;
    return climb($n - 1) if $n > 0;
    my $x = "x" x 5000;
    cede;
    my $y = "y" x 3000;
    return length $x . $y;
}

for (1 .. 50) {
    my @threads = map { my $k = $_; async { climb($k * 5); $done++ } } 0 .. 19;
    $_->join for @threads;
}
print "$done\n";
