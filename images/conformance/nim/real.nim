import std/[algorithm, tables]

var
  x = 42
  numbers: seq[int]
for _ in 1 .. 5000:
  x = (x * 3877 + 29573) mod 139968
  numbers.add x
numbers.sort

var counts: Table[int, int]
for number in numbers:
  inc counts.mgetOrPut(number mod 1000, 0)
var key, most = 0
for each, count in counts:
  if count > most or (count == most and each < key):
    key = each
    most = count

var checksum, loop = 0
for n, number in numbers:
  checksum = (checksum + number * (n mod 7)) mod 1000003
for i in 1 .. 200000:
  loop += (i mod 7) * (i mod 7) mod 7

echo "sorted ", numbers[0], " ", numbers[2500], " ", numbers[^1]
echo "distinct ", counts.len
echo "most ", key, " ", most
echo "checksum ", checksum
echo "loop ", loop
