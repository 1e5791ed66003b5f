joined() {
    local IFS='|'
    echo "$*"
}

mapfile -t lines
read -r first < /tmp/input/input.txt
echo "hello"
echo "stdin=$(joined "${lines[@]}")"
echo "file=$first"
echo "args=$(joined "$@")"
echo "env=$UNSANDBOX_PROBE"
echo "utf8=Grüße 世界 🚀"
echo "to stderr" >&2
echo "artifact" > /tmp/artifacts/probe.txt
exit 7
