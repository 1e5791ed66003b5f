x = 42
do n = 0 to 4999
    x = (x * 3877 + 29573) // 139968
    numbers.n = x
end
call sort 0, 4999

counts. = 0
keys = ''
do n = 0 to 4999
    key = numbers.n // 1000
    if counts.key = 0 then keys = keys key
    counts.key = counts.key + 1
end
most = 0
do n = 1 to words(keys)
    each = word(keys, n)
    if counts.each > most | (counts.each = most & each < key) then do
        key = each
        most = counts.each
    end
end

checksum = 0
do n = 0 to 4999
    checksum = (checksum + numbers.n * (n // 7)) // 1000003
end
loop = 0
do i = 1 to 200000
    loop = loop + (i // 7) * (i // 7) // 7
end

say 'sorted' numbers.0 numbers.2500 numbers.4999
say 'distinct' words(keys)
say 'most' key most
say 'checksum' checksum
say 'loop' loop
exit 0

sort: procedure expose numbers.
    parse arg low, high
    left = low
    right = high
    middle = (low + high) % 2
    pivot = numbers.middle
    do until left > right
        do while numbers.left < pivot
            left = left + 1
        end
        do while numbers.right > pivot
            right = right - 1
        end
        if left <= right then do
            parse value numbers.left numbers.right with numbers.right numbers.left
            left = left + 1
            right = right - 1
        end
    end
    if low < right then call sort low, right
    if left < high then call sort left, high
    return
