set x 42
for n in (seq 5000)
    set x (math "($x * 3877 + 29573) % 139968")
    set --append numbers $x
end
set numbers (printf '%s\n' $numbers | sort --numeric-sort)

# Fish has no map: one variable for each key is its table.
for number in $numbers
    set count count_(math $number % 1000)
    set --query $count; or set --append keys (string replace count_ '' $count)
    set --append $count $number
end
set most 0
for each in $keys
    set count count_$each
    set count (count $$count)
    if test $count -gt $most; or test $count -eq $most -a $each -lt $key
        set key $each
        set most $count
    end
end

set checksum 0
for n in (seq 5000)
    set checksum (math "($checksum + $numbers[$n] * (($n - 1) % 7)) % 1000003")
end
# One call of math for a hundred rounds: a call costs far more than what it reckons.
set loop 0
set rounds (seq 200000)
for first in (seq 1 100 200000)
    set last (math $first + 99)
    set terms (string replace --regex '.+' '($0 % 7) * ($0 % 7) % 7' $rounds[$first..$last])
    set loop (math $loop + (string join ' + ' $terms))
end

echo sorted $numbers[1] $numbers[2501] $numbers[-1]
echo distinct (count $keys)
echo most $key $most
echo checksum $checksum
echo loop $loop
