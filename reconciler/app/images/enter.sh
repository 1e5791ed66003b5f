#!/bin/sh
# Runs a command over the root of an image that is being made, in namespaces of this process alone, which end with it.
# Usage: enter.sh ROOT LAYERS UPPER WORK DEBS COMMAND...
# LAYERS: names of layers in this folder, the topmost first, joined by colons. DEBS: folder that is seen inside at /run/debs; empty where
# nothing is installed and the root must be seen as it is.
# Without layers below, UPPER is the root itself. The command runs outside of the root, which it finds at ROOT.
set -eu

root=$1 layers=$2 upper=$3 work=$4 debs=$5
shift 5

mount --make-rprivate /
hostname localhost
if [ -n "$layers" ]; then
    # No redirects and no shared inodes: a layer must hold under any other that it is ever put on again.
    mount -t overlay overlay -o "lowerdir=$layers,upperdir=$upper,workdir=$work,redirect_dir=off,metacopy=off,index=off" "$root"
else
    mount --bind "$upper" "$root"
fi

place() {
    [ -d "$root/$1" ] || mkdir -p "$root/$1"
    mount -t "$2" -o "$3" "$2" "$root/$1"
}

if [ -d "$root/usr" ]; then
    place proc proc nosuid,nodev,noexec
    place dev tmpfs mode=755,nosuid
    place run tmpfs mode=755,nosuid,nodev
    place tmp tmpfs mode=1777,nosuid,nodev
    for device in null zero full random urandom tty; do
        : >"$root/dev/$device"
        mount --bind "/dev/$device" "$root/dev/$device"
    done
    mkdir "$root/dev/shm" "$root/run/lock" "$root/run/debs"
    chmod 1777 "$root/dev/shm" "$root/run/lock"
    [ -z "$debs" ] || mount --bind "$debs" "$root/run/debs"
    ln -s /proc/self/fd "$root/dev/fd"
    ln -s /proc/self/fd/0 "$root/dev/stdin"
    ln -s /proc/self/fd/1 "$root/dev/stdout"
    ln -s /proc/self/fd/2 "$root/dev/stderr"
fi

# Packages start nothing here.
quiet=$root/usr/sbin/policy-rc.d
if [ -n "$debs" ] && [ -d "$root/usr/sbin" ] && [ ! -e "$quiet" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$quiet"
    chmod 755 "$quiet"
else
    quiet=
fi
status=0
"$@" || status=$?
[ -z "$quiet" ] || rm -f "$quiet"
exit "$status"
