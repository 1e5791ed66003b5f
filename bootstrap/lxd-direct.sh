#!/bin/sh
# Start or stop lxcfs and lxd where no service manager does. Usage: lxd-direct.sh start|stop FOLDER      (pid files and logs are in FOLDER)
set -eu
run=$2

# A pid file names our process only while the program under that pid is still the one that we started.
is_ours() {
    [ -s "$run/$1.pid" ] && [ "$(cat "/proc/$(cat "$run/$1.pid")/comm" 2>/dev/null)" = "$1" ]
}

start() {
    mkdir -p "$run" /var/lib/lxcfs /var/lib/lxd /var/log/lxd
    if ! mountpoint -q /var/lib/lxcfs; then
        setsid lxcfs -f -p "$run/lxcfs.self" /var/lib/lxcfs </dev/null >"$run/lxcfs.log" 2>&1 &
        echo $! >"$run/lxcfs.pid"
    fi
    if ! is_ours lxd; then
        getent group lxd >/dev/null && group=lxd || group=root
        # Where idmap.sh has put it.
        idmap=/usr/local/lib/unsandbox/lxd-idmap.so
        [ -e "$idmap" ] || idmap=
        setsid env ${idmap:+LD_PRELOAD=$idmap} lxd --group "$group" --logfile /var/log/lxd/lxd.log </dev/null >"$run/lxd.log" 2>&1 &
        echo $! >"$run/lxd.pid"
    fi
    tries=0
    until lxd waitready --timeout=1 2>/dev/null; do
        tries=$((tries + 1))
        is_ours lxd && [ "$tries" -lt 60 ] || { tail -n 5 "$run/lxd.log" >&2; exit 1; }
        sleep 0.2
    done
}

# Waits for a process of ours to end; after 20 seconds makes it.
await() {
    tries=0
    while is_ours "$1"; do
        tries=$((tries + 1))
        [ "$tries" -eq 200 ] && kill -KILL "$(cat "$run/$1.pid")"
        sleep 0.1
    done
    rm -f "$run/$1.pid"
}

stop() {
    if is_ours lxd; then
        lxd shutdown --timeout=30 || kill -TERM "$(cat "$run/lxd.pid")"
        await lxd
    fi
    # What the daemon mounts for itself stays after it; pools are gone by then, and a busy one is left for the caller to find.
    for folder in /var/lib/lxd/shmounts /var/lib/lxd/devlxd /var/lib/lxd/guestapi; do
        mountpoint -q "$folder" && umount "$folder" || true
    done
    if is_ours lxcfs; then
        kill -TERM "$(cat "$run/lxcfs.pid")"
        await lxcfs
    fi
}

case "$1" in
start | stop) "$1" ;;
*) echo "usage: lxd-direct.sh start|stop FOLDER" >&2; exit 1 ;;
esac
