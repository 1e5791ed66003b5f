x = 42
numbers = Array.new(5000) { x = (x * 3877 + 29_573) % 139_968 }.sort
counts = numbers.map { |number| number % 1000 }.tally
key, most = counts.min_by { |each, count| [-count, each] }
checksum = numbers.each_with_index.reduce(0) { |sum, (number, n)| (sum + number * (n % 7)) % 1_000_003 }
loops = (1..200_000).sum { |i| (i % 7) * (i % 7) % 7 }

puts "sorted #{numbers.first} #{numbers[2500]} #{numbers.last}"
puts "distinct #{counts.size}"
puts "most #{key} #{most}"
puts "checksum #{checksum}"
puts "loop #{loops}"
