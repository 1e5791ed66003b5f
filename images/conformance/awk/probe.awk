BEGIN {
    while ((getline line < "-") > 0)
        lines = lines (n++ ? "|" : "") line
    getline first < "/tmp/input/input.txt"
    for (i = 1; i < ARGC; i++)
        arguments = arguments (i > 1 ? "|" : "") ARGV[i]
    print "hello"
    print "stdin=" lines
    print "file=" first
    print "args=" arguments
    print "env=" ENVIRON["UNSANDBOX_PROBE"]
    print "utf8=Grüße 世界 🚀"
    print "to stderr" > "/dev/stderr"
    print "artifact" > "/tmp/artifacts/probe.txt"
    exit 7
}
