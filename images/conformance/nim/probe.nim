import std/[os, strutils]

var lines: seq[string]
for line in stdin.lines:
  lines.add line
echo "hello"
echo "stdin=", lines.join("|")
echo "file=", readFile("/tmp/input/input.txt").strip
echo "args=", commandLineParams().join("|")
echo "env=", getEnv("UNSANDBOX_PROBE")
echo "utf8=Grüße 世界 🚀"
stderr.writeLine "to stderr"
writeFile("/tmp/artifacts/probe.txt", "artifact\n")
quit 7
