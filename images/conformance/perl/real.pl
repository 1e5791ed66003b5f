use strict;
use warnings;

my $x = 42;
my @numbers = sort { $a <=> $b } map { $x = ($x * 3877 + 29573) % 139968 } 1 .. 5000;

my %counts;
$counts{ $_ % 1000 }++ for @numbers;
my ($key) = sort { $counts{$b} <=> $counts{$a} || $a <=> $b } keys %counts;

my $checksum = 0;
$checksum = ($checksum + $numbers[$_] * ($_ % 7)) % 1000003 for 0 .. $#numbers;
my $loop = 0;
$loop += ($_ % 7) * ($_ % 7) % 7 for 1 .. 200000;

print "sorted $numbers[0] $numbers[2500] $numbers[-1]\n";
print 'distinct ', scalar(keys %counts), "\n";
print "most $key $counts{$key}\n";
print "checksum $checksum\n";
print "loop $loop\n";
