#!/bin/sh
# From a bare machine to the point where Python goes on: what was there is noted, then git and venv where missing, then the package itself.
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "demo: not root; type: sudo make demo" >&2; exit 1; }

run=.demo-run
mkdir -p "$run"
if [ ! -e "$run/packages.before" ]; then
    dpkg-query -W -f='${Package}\t${db:Status-Status}\n' | awk -F '\t' '$2 == "installed" { print $1 }' >"$run/packages.part"
    [ -d .venv ] && venv=false || venv=true
    [ -e "$run/made.json" ] || echo "{\"venv\": $venv}" >"$run/made.json"
    mv "$run/packages.part" "$run/packages.before"
fi
echo "What the demonstration makes is noted in $run/made.json; make demo-down removes exactly that."
sh bootstrap/packages.sh base
# The tools of a developer's environment include everything that the demonstration needs.
if [ -e .venv/stamp-dev ]; then sh bootstrap/venv.sh dev; else
    [ -e .venv/stamp-run ] || echo "making the virtual environment .venv"
    sh bootstrap/venv.sh run
fi
exec .venv/bin/python -m bootstrap.demo up
