x=42
for ((n = 0; n < 5000; n++)); do
    ((x = (x * 3877 + 29573) % 139968))
    numbers[n]=$x
done
mapfile -t numbers < <(printf '%s\n' "${numbers[@]}" | sort -n)

declare -A counts
for number in "${numbers[@]}"; do
    key=$((number % 1000))
    counts[$key]=$((${counts[$key]:-0} + 1))
done
most=0
for each in "${!counts[@]}"; do
    count=${counts[$each]}
    if ((count > most || (count == most && each < key))); then
        key=$each
        most=$count
    fi
done

checksum=0
for n in "${!numbers[@]}"; do
    ((checksum = (checksum + numbers[n] * (n % 7)) % 1000003))
done
loop=0
for ((i = 1; i <= 200000; i++)); do
    ((loop += (i % 7) * (i % 7) % 7))
done

echo "sorted ${numbers[0]} ${numbers[2500]} ${numbers[-1]}"
echo "distinct ${#counts[@]}"
echo "most $key $most"
echo "checksum $checksum"
echo "loop $loop"
