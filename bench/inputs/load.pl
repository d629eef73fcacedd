# SPDX-License-Identifier: MIT
# The Perl workload: a hash of 200,000 keys whose values are lists of small hashes, filled and thinned at random, with
# strings split and joined on the way and a sort of the keys at the end.
# usage: load.pl STEPS
use strict;
use warnings;

my $steps = shift;
my $state = 7;
my (%table, @counts);

sub number { return $state = ($state * 1103515245 + 12345) & 0x7fffffff }

for my $i (1 .. $steps) {
    my $key = "key" . (number() % 200000);
    push @{ $table{$key}{list} }, { id => $i, name => "name$i", v => [number(), number()] };
    if ($i % 8 == 0) {
        my @fields = split /,/, join(",", map { "f$_" } 1 .. 12);
        push @counts, scalar @fields;
    }
    delete $table{ "key" . (number() % 200000) };
}
my $total = 0;
$total += scalar @{ $table{$_}{list} || [] } for sort keys %table;
print "$total\n";
