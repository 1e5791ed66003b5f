x = 42
numbers = Array.new(5000) { x = (x * 3877 + 29573) % 139968 }
numbers.sort!

counts = Hash(Int32, Int32).new(0)
numbers.each { |number| counts[number % 1000] += 1 }
key, most = counts.min_by { |each, count| {-count, each} }

checksum = 0
numbers.each_with_index { |number, n| checksum = (checksum + number * (n % 7)) % 1000003 }
loop_sum = (1..200_000).sum { |i| (i % 7) * (i % 7) % 7 }

puts "sorted #{numbers.first} #{numbers[2500]} #{numbers.last}"
puts "distinct #{counts.size}"
puts "most #{key} #{most}"
puts "checksum #{checksum}"
puts "loop #{loop_sum}"
