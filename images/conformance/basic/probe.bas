print "hello"

first = 1
print "stdin=";
while not eof(0)
    line input "" line$
    say(line$)
wend
print

print "file=";
first = 1
open 1, "/tmp/input/input.txt", "r"
line input #1 line$
close 1
say(line$)
print

print "args=";
first = 1
repeat
    argument$ = peek$("argument")
    if argument$ <> "" say(argument$)
until argument$ = ""
print

print "env=", peek$("env", "UNSANDBOX_PROBE")
print "utf8=Grüße 世界 🚀"
status = system("echo to stderr >&2")
open 2, "/tmp/artifacts/probe.txt", "w"
print #2 "artifact"
close 2
exit 7

sub say(text$)
    if not first print "|";
    print text$;
    first = 0
end sub
