#!/bin/sh
# Let an LXD before 5.0.4 use id-mapped mounts on Linux 6.9 and later; why: docs/decisions/0038-idmapped-mounts.md.
# Usage: sh bootstrap/idmap.sh install|remove|build FILE       (install changes nothing where LXD or the kernel does not need it;
# DESTDIR=FOLDER puts the files below a folder instead, for a package)
set -eu

here=$(dirname "$0")
library=/usr/local/lib/unsandbox/lxd-idmap.so
unit=/etc/systemd/system/lxd.service.d/unsandbox-idmap.conf
root=${DESTDIR-}
restart="it counts from LXD's next start, which leaves containers running: systemctl restart lxd"

is() { dpkg --compare-versions "$1" "$2" "$3"; }

# LXD tests rightly from 5.0.4 on; of the versions after 5.0 from 5.21.2 on, of those after 6.0 from 6.1 on.
is_needed() {
    is "$(uname -r)" ge 6.9 || return 1
    version=$(lxd --version)
    is "$version" lt 5.0.4 || { is "$version" ge 5.1 && is "$version" lt 5.21.2; } || { is "$version" ge 6.0 && is "$version" lt 6.1; }
}

# Whole or not at all: what LXD loads is never half a file.
build() {
    sh "$here/packages.sh" compile
    cc -std=c11 -O2 -Wall -Wextra -Werror -shared -fPIC -o "$1.new" "$here/idmap.c"
    mv "$1.new" "$1"
}

reload() { [ -n "$root" ] || [ ! -d /run/systemd/system ] || systemctl daemon-reload; }

install() {
    case $(command -v lxd) in
    "") echo "idmap.sh: no lxd here" >&2; exit 1 ;;
    /snap/*) echo "idmap.sh: this LXD is a snap, which is mended by: snap refresh lxd" >&2; exit 1 ;;
    esac
    is_needed || { echo "not needed: LXD $(lxd --version) on Linux $(uname -r)"; return; }
    mkdir -p "$root${library%/*}" "$root${unit%/*}"
    build "$root$library"
    printf '# By bootstrap/idmap.sh of unsandbox.\n[Service]\nEnvironment=LD_PRELOAD=%s\n' "$library" >"$root$unit"
    reload
    echo "installed; $restart"
}

remove() {
    rm -f "$root$unit" "$root$library"
    reload
    echo "removed; $restart"
}

case "${1-} $#" in
"install 1" | "remove 1") "$1" ;;
"build 2") build "$2" ;;
*) echo "usage: sh bootstrap/idmap.sh install|remove|build FILE" >&2; exit 1 ;;
esac
