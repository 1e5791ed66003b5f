puts "hello"
if true
  puts undeclared(
