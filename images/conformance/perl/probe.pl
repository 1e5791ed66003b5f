use strict;
use warnings;

chomp(my @lines = <STDIN>);
open my $input, '<', '/tmp/input/input.txt' or die "input: $!";
chomp(my $first = <$input>);
print "hello\n";
print 'stdin=', join('|', @lines), "\n";
print "file=$first\n";
print 'args=', join('|', @ARGV), "\n";
print "env=$ENV{UNSANDBOX_PROBE}\n";
print "utf8=Grüße 世界 🚀\n";
print STDERR "to stderr\n";
open my $artifact, '>', '/tmp/artifacts/probe.txt' or die "artifact: $!";
print $artifact "artifact\n";
close $artifact or die "artifact: $!";
exit 7;
