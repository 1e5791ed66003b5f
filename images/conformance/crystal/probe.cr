puts "hello"
puts "stdin=#{STDIN.each_line.join("|")}"
puts "file=#{File.read("/tmp/input/input.txt").chomp}"
puts "args=#{ARGV.join("|")}"
puts "env=#{ENV["UNSANDBOX_PROBE"]}"
puts "utf8=Grüße 世界 🚀"
STDERR.puts "to stderr"
File.write("/tmp/artifacts/probe.txt", "artifact\n")
exit 7
