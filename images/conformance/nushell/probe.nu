def main [...arguments: string] {
    let lines = $in | lines
    let first = open --raw /tmp/input/input.txt | lines | first
    print "hello"
    print $"stdin=($lines | str join '|')"
    print $"file=($first)"
    print $"args=($arguments | str join '|')"
    print $"env=($env.UNSANDBOX_PROBE)"
    print "utf8=Grüße 世界 🚀"
    print --stderr "to stderr"
    "artifact\n" | save /tmp/artifacts/probe.txt
    exit 7
}
