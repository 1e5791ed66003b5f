my int $x = 42;
my @numbers = (^5000).map({ $x = ($x * 3877 + 29573) % 139968 }).sort;

my %counts{Int};
%counts{$_ % 1000}++ for @numbers;
my ($key, $most) = %counts.min({ -.value, .key }).kv;

my int $checksum = 0;
$checksum = ($checksum + @numbers[$_] * ($_ % 7)) % 1000003 for ^5000;
my int $loop = 0;
loop (my int $i = 1; $i <= 200000; $i = $i + 1) {
    $loop = $loop + ($i % 7) * ($i % 7) % 7;
}

say "sorted @numbers[0] @numbers[2500] @numbers[*-1]";
say "distinct %counts.elems()";
say "most $key $most";
say "checksum $checksum";
say "loop $loop";
