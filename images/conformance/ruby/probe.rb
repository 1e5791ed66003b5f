lines = $stdin.readlines(chomp: true)
first = File.foreach('/tmp/input/input.txt', chomp: true).first
puts 'hello'
puts "stdin=#{lines.join('|')}"
puts "file=#{first}"
puts "args=#{ARGV.join('|')}"
puts "env=#{ENV.fetch('UNSANDBOX_PROBE')}"
puts 'utf8=Grüße 世界 🚀'
warn 'to stderr'
File.write('/tmp/artifacts/probe.txt', "artifact\n")
exit 7
