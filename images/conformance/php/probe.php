<?php
declare(strict_types=1);

$lines = array_map(fn (string $line): string => rtrim($line, "\n"), file('php://stdin'));
[$first] = file('/tmp/input/input.txt', FILE_IGNORE_NEW_LINES);
echo "hello\n";
echo 'stdin=', implode('|', $lines), "\n";
echo "file=$first\n";
echo 'args=', implode('|', array_slice($argv, 1)), "\n";
echo 'env=', getenv('UNSANDBOX_PROBE'), "\n";
echo "utf8=Grüße 世界 🚀\n";
fwrite(STDERR, "to stderr\n");
file_put_contents('/tmp/artifacts/probe.txt', "artifact\n");
exit(7);
