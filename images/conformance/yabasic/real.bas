dim numbers(4999)
x = 42
for n = 0 to 4999
  x = mod(x * 3877 + 29573, 139968)
  numbers(n) = x
next n
sort(0, 4999)

rem a table of keys and counts with open addressing; a count of zero is a free slot
dim keys(2047), counts(2047)
for n = 0 to 4999
  count(mod(numbers(n), 1000))
next n
for slot = 0 to 2047
  if counts(slot) > 0 distinct = distinct + 1
  if counts(slot) > most or (counts(slot) > 0 and counts(slot) = most and keys(slot) < smallest) then
    smallest = keys(slot)
    most = counts(slot)
  endif
next slot

for n = 0 to 4999
  checksum = mod(checksum + numbers(n) * mod(n, 7), 1000003)
next n
for i = 1 to 200000
  total = total + mod(mod(i, 7) * mod(i, 7), 7)
next i

print "sorted ", numbers(0), " ", numbers(2500), " ", numbers(4999)
print "distinct ", distinct
print "most ", smallest, " ", most
print "checksum ", checksum
print "loop ", total
exit 0

sub sort(low, high)
  local left, right, pivot, kept
  left = low
  right = high
  pivot = numbers(int((low + high) / 2))
  repeat
    while numbers(left) < pivot
      left = left + 1
    wend
    while numbers(right) > pivot
      right = right - 1
    wend
    if left <= right then
      kept = numbers(left)
      numbers(left) = numbers(right)
      numbers(right) = kept
      left = left + 1
      right = right - 1
    endif
  until left > right
  if low < right sort(low, right)
  if left < high sort(left, high)
end sub

sub count(key)
  local slot
  slot = mod(key * 211, 2048)
  while counts(slot) > 0 and keys(slot) <> key
    slot = mod(slot + 1, 2048)
  wend
  keys(slot) = key
  counts(slot) = counts(slot) + 1
end sub
