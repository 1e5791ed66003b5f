numbers() {
    x=42
    n=0
    while [ "$n" -lt 5000 ]; do
        x=$(((x * 3877 + 29573) % 139968))
        echo "$x"
        n=$((n + 1))
    done
}

set -- $(numbers | sort -n)
eval "last=\${$#}"
n=0
checksum=0
keys=
for number; do
    key=$((number % 1000))
    eval "count=\${count_$key:-0}"
    [ "$count" -gt 0 ] || keys="$keys $key"
    eval "count_$key=$((count + 1))"
    checksum=$(((checksum + number * (n % 7)) % 1000003))
    n=$((n + 1))
done

distinct=0
most=0
for each in $keys; do
    distinct=$((distinct + 1))
    count=$((count_$each))
    if [ "$count" -gt "$most" ] || { [ "$count" -eq "$most" ] && [ "$each" -lt "$key" ]; }; then
        key=$each
        most=$count
    fi
done

loop=0
i=1
while [ "$i" -le 200000 ]; do
    loop=$((loop + (i % 7) * (i % 7) % 7))
    i=$((i + 1))
done

echo "sorted $1 ${2501} $last"
echo "distinct $distinct"
echo "most $key $most"
echo "checksum $checksum"
echo "loop $loop"
