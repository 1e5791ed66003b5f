dim numbers(5000)
x = 42
for n = 0 to 4999
    x = mod(x * 3877 + 29573, 139968)
    numbers(n) = x
next n
sort(0, 4999)

dim keys(2048), counts(2048)
for n = 0 to 4999
    count(mod(numbers(n), 1000))
next n
distinct = 0
key = 0
most = 0
for n = 0 to 2047
    if counts(n) > 0 then
        distinct = distinct + 1
        if counts(n) > most or (counts(n) = most and keys(n) < key) then
            key = keys(n)
            most = counts(n)
        end if
    end if
next n

checksum = 0
for n = 0 to 4999
    checksum = mod(checksum + numbers(n) * mod(n, 7), 1000003)
next n
total = 0
for n = 1 to 200000
    total = total + mod(mod(n, 7) * mod(n, 7), 7)
next n

print "sorted ", numbers(0), " ", numbers(2500), " ", numbers(4999)
print "distinct ", distinct
print "most ", key, " ", most
print "checksum ", checksum
print "loop ", total

sub count(wanted)
    local place
    place = mod(wanted * 1021, 2048)
    while counts(place) > 0 and keys(place) <> wanted
        place = mod(place + 1, 2048)
    wend
    keys(place) = wanted
    counts(place) = counts(place) + 1
end sub

sub sort(low, high)
    local left, right, pivot, held
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
            held = numbers(left)
            numbers(left) = numbers(right)
            numbers(right) = held
            left = left + 1
            right = right - 1
        end if
    until left > right
    if low < right sort(low, right)
    if left < high sort(left, high)
end sub
