while read line
    set --append lines $line
end
read first < /tmp/input/input.txt
echo hello
echo stdin=(string join '|' $lines)
echo file=$first
echo args=(string join '|' $argv)
echo env=$UNSANDBOX_PROBE
echo "utf8=Grüße 世界 🚀"
echo to stderr >&2
echo artifact > /tmp/artifacts/probe.txt
exit 7
