x = 42
numbers = (x = (x * 3877 + 29573) %% 139968 for n in [0...5000])
numbers.sort (a, b) -> a - b

counts = new Map
for number in numbers
  key = number %% 1000
  counts.set key, (counts.get(key) ? 0) + 1
most = 0
for [each, count] from counts
  [key, most] = [each, count] if count > most or (count is most and each < key)

checksum = 0
checksum = (checksum + number * (n %% 7)) %% 1000003 for number, n in numbers
loops = 0
loops += (i %% 7) * (i %% 7) %% 7 for i in [1..200000]

console.log "sorted #{numbers[0]} #{numbers[2500]} #{numbers[4999]}"
console.log "distinct #{counts.size}"
console.log "most #{key} #{most}"
console.log "checksum #{checksum}"
console.log "loop #{loops}"
