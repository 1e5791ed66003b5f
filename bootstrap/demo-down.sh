#!/bin/sh
# Remove what make demo made. Needs no virtual environment: that may be among the things to remove.
set -eu
cd "$(dirname "$0")/.."
[ -d .demo-run ] || { echo "There is no demonstration here; nothing was changed."; exit 0; }
exec python3 -m bootstrap.demo down
