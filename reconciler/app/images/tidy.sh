#!/bin/sh
# Runs inside an image before it is packed: takes out what belongs to one machine or one day.
set -eu

rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/lib/dpkg/*-old /var/cache/ldconfig/* /var/cache/man/* \
    /var/cache/fontconfig/* /var/tmp/* /root/.cache /root/.npm /root/.bash_history /var/lib/systemd/random-seed /var/lib/dbus/machine-id \
    /etc/ssh/ssh_host_* /etc/.pwd.lock /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow- /etc/subuid- /etc/subgid-
find /var/log -type f -exec rm -f {} +
# Empty, not absent: systemd takes an absent one for a first boot, and does a first boot's work.
if [ -e /etc/machine-id ]; then : >/etc/machine-id; fi
# The day on which a password was set last is the day of the build.
if [ -e /etc/shadow ]; then
    days=$((SOURCE_DATE_EPOCH / 86400))
    sed -i -E "s/^([^:]*:[^:]*):[0-9]*:/\1:$days:/" /etc/shadow
fi
