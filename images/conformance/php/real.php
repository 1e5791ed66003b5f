<?php
declare(strict_types=1);

$x = 42;
$numbers = [];
for ($n = 0; $n < 5000; $n++) {
    $x = ($x * 3877 + 29573) % 139968;
    $numbers[] = $x;
}
sort($numbers);

$counts = array_count_values(array_map(fn (int $number): int => $number % 1000, $numbers));
$most = max($counts);
$key = min(array_keys($counts, $most, true));

$checksum = 0;
foreach ($numbers as $n => $number) {
    $checksum = ($checksum + $number * ($n % 7)) % 1000003;
}
$loop = 0;
for ($i = 1; $i <= 200000; $i++) {
    $loop += ($i % 7) * ($i % 7) % 7;
}

echo "sorted $numbers[0] $numbers[2500] $numbers[4999]\n";
echo 'distinct ', count($counts), "\n";
echo "most $key $most\n";
echo "checksum $checksum\n";
echo "loop $loop\n";
