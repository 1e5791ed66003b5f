use strict;
use warnings;

print "hello\n";
my @numbers = (1, 2;
$undeclared = 1;
