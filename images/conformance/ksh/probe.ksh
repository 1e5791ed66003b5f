function joined {
    typeset IFS='|'
    print -r -- "$*"
}

while read -r line; do
    lines+=("$line")
done
read -r first < /tmp/input/input.txt
print "hello"
print "stdin=$(joined "${lines[@]}")"
print "file=$first"
print "args=$(joined "$@")"
print "env=$UNSANDBOX_PROBE"
print "utf8=Grüße 世界 🚀"
print -u2 "to stderr"
print "artifact" > /tmp/artifacts/probe.txt
exit 7
