set lines [split [string trimright [read stdin] \n] \n]
set input [open /tmp/input/input.txt]
gets $input first
close $input
puts "hello"
puts "stdin=[join $lines |]"
puts "file=$first"
puts "args=[join $argv |]"
puts "env=$env(UNSANDBOX_PROBE)"
puts "utf8=Grüße 世界 🚀"
puts stderr "to stderr"
set artifact [open /tmp/artifacts/probe.txt w]
puts $artifact "artifact"
close $artifact
exit 7
