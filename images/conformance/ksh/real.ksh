integer x=42 n i key=0 most=0 checksum=0 loop=0
for ((n = 0; n < 5000; n++)); do
    ((x = (x * 3877 + 29573) % 139968))
    numbers[n]=$x
done
numbers=($(printf '%d\n' "${numbers[@]}" | sort -n))

typeset -A counts
for number in "${numbers[@]}"; do
    counts[$((number % 1000))]+=x
done
for each in "${!counts[@]}"; do
    integer count=${#counts[$each]}
    if ((count > most || (count == most && each < key))); then
        key=$each
        most=$count
    fi
done

for ((n = 0; n < 5000; n++)); do
    ((checksum = (checksum + numbers[n] * (n % 7)) % 1000003))
done
for ((i = 1; i <= 200000; i++)); do
    ((loop += (i % 7) * (i % 7) % 7))
done

print "sorted ${numbers[0]} ${numbers[2500]} ${numbers[4999]}"
print "distinct ${#counts[@]}"
print "most $key $most"
print "checksum $checksum"
print "loop $loop"
