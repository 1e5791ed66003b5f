integer x=42 n i key most checksum loop
for ((n = 1; n <= 5000; n++)); do
    ((x = (x * 3877 + 29573) % 139968))
    numbers[n]=$x
done
numbers=(${(n)numbers})

typeset -A counts
for number in $numbers; do
    ((counts[$((number % 1000))] += 1))
done
for each count in ${(kv)counts}; do
    if ((count > most || (count == most && each < key))); then
        key=$each
        most=$count
    fi
done

for ((n = 0; n < 5000; n++)); do
    ((checksum = (checksum + numbers[n + 1] * (n % 7)) % 1000003))
done
for ((i = 1; i <= 200000; i++)); do
    ((loop += (i % 7) * (i % 7) % 7))
done

print "sorted $numbers[1] $numbers[2501] $numbers[-1]"
print "distinct $#counts"
print "most $key $most"
print "checksum $checksum"
print "loop $loop"
