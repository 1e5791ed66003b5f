puts 'hello'
[1, 2].each do |number
  puts "hello #{number}"
