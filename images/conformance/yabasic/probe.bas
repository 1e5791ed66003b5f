while not eof(0)
  line input "" text$
  if lines$ <> "" lines$ = lines$ + "|"
  lines$ = lines$ + text$
wend
open 1, "/tmp/input/input.txt", "r"
line input #1 first$
close 1

print "hello"
print "stdin=", lines$
print "file=", first$
arguments$ = peek$("argument")
while peek("arguments") > 0
  arguments$ = arguments$ + "|" + peek$("argument")
wend
print "args=", arguments$
print "env=", peek$("env", "UNSANDBOX_PROBE")
print "utf8=Grüße 世界 🚀"
ignored = system("echo to stderr >&2")

open 2, "/tmp/artifacts/probe.txt", "w"
print #2 "artifact"
close 2
exit 7
