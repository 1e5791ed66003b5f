lines=("${(@f)$(cat)}")
read -r first < /tmp/input/input.txt
print "hello"
print "stdin=${(j:|:)lines}"
print "file=$first"
print "args=${(j:|:)argv}"
print "env=$UNSANDBOX_PROBE"
print "utf8=Grüße 世界 🚀"
print -u2 "to stderr"
print "artifact" > /tmp/artifacts/probe.txt
exit 7
