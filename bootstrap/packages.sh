#!/bin/sh
# Install the Debian packages of one or more lists in bootstrap/packages/, where any is missing; without a look at the network when none is.
# Usage: sh bootstrap/packages.sh base|image|host|build|proxy|compile|test...      (test: all of them)
set -eu

here=$(dirname "$0")
export DEBIAN_FRONTEND=noninteractive

wanted() {
    for list in "$@"; do
        [ "$list" = test ] && { wanted base image host build proxy compile; continue; }
        [ -f "$here/packages/$list" ] || { echo "packages.sh: no list '$list'; there are: base image host build proxy compile test" >&2; exit 1; }
        sed 's/#.*//' "$here/packages/$list"
    done
}

# A program that is there counts as installed: a python3 or git that did not come as a package is used as it is.
is_there() {
    case "$1" in
    python3) python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && return ;;
    python3-venv) python3 -c 'import ensurepip, venv' 2>/dev/null && return ;;
    git | make) command -v "$1" >/dev/null && return ;;
    # The two busybox packages exclude each other; the machine's own is not displaced, see busybox.sh.
    busybox-static) [ "$(dpkg-query -W -f='${db:Status-Status}' busybox 2>/dev/null)" = installed ] && return ;;
    esac
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

[ $# -gt 0 ] || { echo "usage: sh bootstrap/packages.sh base|image|host|build|proxy|compile|test..." >&2; exit 1; }
lists=$(wanted "$@")
missing=
for package in $lists; do
    is_there "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

command -v apt-get >/dev/null || { echo "packages.sh: no apt-get here; install by hand:$missing" >&2; exit 1; }
[ "$(id -u)" = 0 ] || { echo "packages.sh: not root; as root, type: apt-get install --no-install-recommends$missing" >&2; exit 1; }
echo "installing:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The lists of a bare image are empty and those of an old one name packages that are gone; a busy dpkg is waited for.
{
    apt-get -q -o DPkg::Lock::Timeout=300 update &&
        apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends $missing
} </dev/null >"$log" 2>&1 || { tail -n 30 "$log" >&2; echo "packages.sh: apt-get failed, its words are above" >&2; exit 1; }
