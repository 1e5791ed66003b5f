#!/bin/sh
# Make .venv, or bring it up to date with requirements/<run|dev>.txt and this checkout. Does nothing when neither changed.
# Usage: sh bootstrap/venv.sh run|dev
set -eu

cd "$(dirname "$0")/.."
lock=requirements/$1.txt
[ -f "$lock" ] || { echo "venv.sh: no $lock; usage: sh bootstrap/venv.sh run|dev" >&2; exit 1; }
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "venv.sh: python3 is older than 3.11: $(python3 --version)" >&2; exit 1; }

stamp=.venv/stamp-$1
sum=$(cat "$lock" pyproject.toml bootstrap/venv.sh | sha256sum)
[ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$sum" ] && .venv/bin/python -c '' && exit 0

# A virtual environment whose Python is gone (an upgraded or removed interpreter) cannot be mended, only made again.
.venv/bin/python -c 'import pip' 2>/dev/null || python3 -m venv --clear .venv
quiet="--quiet --disable-pip-version-check --no-input"
.venv/bin/python -m pip install $quiet --require-hashes -r "$lock"
.venv/bin/python -m pip install $quiet --no-deps -e .
# The other lock may pin other versions of the same packages: only the one installed last is known to be met.
rm -f .venv/stamp-*
printf '%s\n' "$sum" >"$stamp"
