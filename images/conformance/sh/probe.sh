lines=
while IFS= read -r line; do
    lines="$lines${lines:+|}$line"
done
IFS= read -r first < /tmp/input/input.txt
arguments=
for each; do
    arguments="$arguments${arguments:+|}$each"
done
echo "hello"
echo "stdin=$lines"
echo "file=$first"
echo "args=$arguments"
echo "env=$UNSANDBOX_PROBE"
echo "utf8=Grüße 世界 🚀"
echo "to stderr" >&2
echo "artifact" > /tmp/artifacts/probe.txt
exit 7
