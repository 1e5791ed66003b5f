#!/bin/sh
# Print the path of a static busybox, installing one where there is none. Where Debian's dynamic busybox is installed, which excludes the
# static one, that is left alone and the static program is unpacked from its package into images/.build.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)

if [ "$(dpkg-query -W -f='${db:Status-Status}' busybox 2>/dev/null)" != installed ]; then
    sh "$here/bootstrap/packages.sh" image >&2
    echo /bin/busybox
    exit
fi

folder=$here/images/.build/busybox
program=$(find "$folder" -path '*bin/busybox' -type f 2>/dev/null | head -n 1)
if [ -z "$program" ]; then
    mkdir -p "$folder"
    cd "$folder"
    { apt-get -q -o DPkg::Lock::Timeout=300 update && apt-get -q -o APT::Sandbox::User=root download busybox-static; } </dev/null >log 2>&1 ||
        { cat log >&2; echo "busybox.sh: apt-get could not fetch busybox-static, its words are above" >&2; exit 1; }
    dpkg-deb -x busybox-static_*.deb .
    program=$(find "$folder" -path '*bin/busybox' -type f | head -n 1)
fi
echo "$program"
