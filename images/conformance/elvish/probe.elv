use str

var lines = [(from-lines)]
var first = (from-lines < /tmp/input/input.txt | take 1)
echo hello
echo stdin=(str:join '|' $lines)
echo file=$first
echo args=(str:join '|' $args)
echo env=$E:UNSANDBOX_PROBE
echo 'utf8=Grüße 世界 🚀'
echo to stderr >&2
echo artifact > /tmp/artifacts/probe.txt
exit 7
