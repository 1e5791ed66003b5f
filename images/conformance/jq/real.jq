def following: (. * 3877 + 29573) % 139968;

([foreach range(5000) as $n (42; following)] | sort) as $numbers
| (reduce $numbers[] as $number ({}; .[$number % 1000 | tostring] += 1)) as $counts
| ($counts | to_entries | min_by([-.value, (.key | tonumber)])) as $most
| (reduce range(5000) as $n (0; (. + $numbers[$n] * ($n % 7)) % 1000003)) as $checksum
| (reduce range(1; 200001) as $i (0; . + ($i % 7) * ($i % 7) % 7)) as $loop
| "sorted \($numbers[0]) \($numbers[2500]) \($numbers[-1])",
  "distinct \($counts | length)",
  "most \($most.key) \($most.value)",
  "checksum \($checksum)",
  "loop \($loop)"
