following = (x) -> (x * 3877 + 29573) % 139968

x = 42
numbers = [x := following x for n til 5000].sort (a, b) -> a - b

counts = new Map
for number in numbers
  key = number % 1000
  counts.set key, (counts.get key or 0) + 1
[key, most] = [...counts.entries!].reduce (found, each) ->
  if each.1 > found.1 or (each.1 is found.1 and each.0 < found.0) then each else found

checksum = 0
for number, n in numbers
  checksum = (checksum + number * (n % 7)) % 1000003
total = 0
for i from 1 to 200000
  total += (i % 7) * (i % 7) % 7

console.log "sorted #{numbers.0} #{numbers.2500} #{numbers.4999}"
console.log "distinct #{counts.size}"
console.log "most #key #most"
console.log "checksum #checksum"
console.log "loop #total"
