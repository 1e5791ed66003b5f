"""One command inside a container, as its unprivileged user: a small world made, a stage run and measured, and one bounded file told of it.

Nothing of what the container answers is believed further than it was asked for: every part is cut at its length, and what has another form
is a stage of which nobody knows how it ended. The output goes to files inside, where the container's own disk bounds it, and never to a log
of the host.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.errors import Malformed
from reconciler.lxd.operations import Waiting, run
from reconciler.model.conformance import INPUT, STDIN, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.lxd.connect import Door

HERE = "/tmp/.trial"  # noqa: S108 - a path inside the container
WORK = "/tmp/work"  # noqa: S108
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MOST = 64 * 1024
"""Bytes of each part of an answer."""
GRACE = 30.0
"""Seconds that making the world and telling of the stage may take beside the stage."""
KIB = 1024
MEASURE = r"""
use Time::HiRes qw(time);
my ($told, $limit, @c) = @ARGV;
my ($t, $late) = (time, 0);
my $p = fork;
exit 125 unless defined $p;
if (!$p) { setpgrp(0, 0); exec { $c[0] } @c; print STDERR "$c[0]: $!\n"; exit 127 }
$SIG{ALRM} = sub { $late = 1; kill "KILL", -$p; kill "KILL", $p };
alarm $limit;
1 until waitpid($p, 0) == $p;
my ($s, $e, $b) = ($?, time - $t, "\0" x 256);
my %n = (x86_64 => 98, aarch64 => 165);
open my $u, "<", "/proc/sys/kernel/arch";
my $a = defined $u ? <$u> : ""; chomp $a if $a;
my $k = $n{$a || "x86_64"} && syscall($n{$a || "x86_64"}, -1, $b) == 0 ? unpack("q", substr($b, 32, 8)) : 0;
open my $f, ">", $told or exit 125;
printf $f "%d %d %.3f %d\n", ($s & 127 ? 128 + ($s & 127) : $s >> 8), $late, $e, $k;
"""
"""In perl, which every Debian has: the exit status, whether it was ended, seconds, and the peak of its largest process in KiB."""
DRIVER = rf"""
fresh=$1 seconds=$2 most=$3 input=$4 artifact=$5 measure=$6 name=$7 text=$8
shift 8
if [ "$fresh" = 1 ]; then
  [ "$(id -u)" = 0 ] || kill -9 -1 2>/dev/null
  rm -rf /tmp/* /tmp/.[!.]* 2>/dev/null
  mkdir -p {HERE} {WORK} /tmp/input /tmp/artifacts || exit 90
  printf '{INPUT[1].decode().replace(chr(10), chr(92) + "n")}' >{INPUT[0]}
  [ -z "$name" ] || printf %s "$text" >"{WORK}/$name" || exit 90
fi
printf '{STDIN.decode().replace(chr(10), chr(92) + "n")}' >{HERE}/stdin
[ "$input" = 1 ] || : >{HERE}/stdin
cd {WORK} || exit 90
[ -w "$HOME" ] || {{ HOME=/tmp/home; mkdir -p "$HOME"; export HOME; }}
rm -f {HERE}/told {HERE}/out {HERE}/err {HERE}/result
if command -v perl >/dev/null 2>&1; then
  perl -e "$measure" {HERE}/told "$seconds" "$@" <{HERE}/stdin >{HERE}/out 2>{HERE}/err
elif busybox time true >/dev/null 2>&1; then
  busybox time -o {HERE}/time -f '%e' timeout -s KILL "$seconds" "$@" <{HERE}/stdin >{HERE}/out 2>{HERE}/err
  status=$? late=0
  killed=$(sed -n 's/.* by signal \([0-9]*\).*/\1/p' {HERE}/time)
  spent=$(tail -n 1 {HERE}/time)
  [ -z "$killed" ] || status=$((128 + killed))
  [ "$status" = 137 ] && [ "${{spent%%.*}}" -ge "$seconds" ] && late=1
  # What it tells of memory is four times as much in some versions as in others.
  echo "$status $late $spent 0" >{HERE}/told
else
  exit 91
fi
part() {{
  printf '%s ' "$1"
  if [ -f "$2" ]; then
    head -c "$most" "$2" >{HERE}/cut
    printf '%d\n' "$(wc -c <{HERE}/cut)"
    cat {HERE}/cut
    echo
  else
    echo -
  fi
}}
{{ part told {HERE}/told; part out {HERE}/out; part err {HERE}/err; part artifact "$artifact"; }} >{HERE}/result
"""
"""Ends with 0 once the stage is told of, whatever came of the stage; 90 where there is no room for it, 91 where nothing can measure it."""
NO_MEASURE = 91
_PART = re.compile(rb"(told|out|err|artifact) (-|\d{1,6})\n")
_TOLD = re.compile(rb"(\d{1,3}) ([01]) (\d{1,6}(?:\.\d{1,3})?) (\d{1,12})\n")


@dataclass(frozen=True, slots=True)
class Order:
    """What is run. ``fresh`` makes the world anew first, with ``text`` in the file ``name`` in its working folder."""

    command: tuple[str, ...]
    seconds: int
    fresh: bool = False
    name: str = ""
    text: str = field(default="", repr=False)
    stdin: bool = False
    artifact: str = ""
    """A file that is read afterwards."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


def work(door: Door, instance: str, uid: int, order: Order) -> tuple[Stage, bytes | None]:
    """Run one stage and read what came of it; the artifact is None where there is none. Raises a ``HostError``."""
    words = [*_words(order), *order.command]
    body = {
        "command": ["/bin/sh", "-c", DRIVER, "trial", *words],
        "wait-for-websocket": False,
        "interactive": False,
        "record-output": False,
        "environment": {"PATH": PATH, "LANG": "C.UTF-8", "HOME": "/home/runner", **order.environment},
        "user": uid,
        "group": uid,
        "cwd": "/",
    }
    # A stage whose end nobody saw is not run a second time.
    waiting = Waiting(order.seconds + GRACE, lambda: False)
    ended = run(door, "POST", door.path("instances", instance, "exec"), body, waiting).get("return")
    if ended != 0:
        why = "its image has neither perl nor busybox to measure with" if ended == NO_MEASURE else f"there was no place to run it ({ended})"
        return Stage(None, ended=why), None
    return _stage(read_file(door, instance, f"{HERE}/result", 4 * MOST + KIB), order.seconds)


def _words(order: Order) -> tuple[str, ...]:
    return (
        "1" if order.fresh else "0",
        str(order.seconds),
        str(MOST),
        "1" if order.stdin else "0",
        order.artifact or "/nonexistent",
        MEASURE,
        order.name,
        order.text,
    )


def read_file(door: Door, instance: str, path: str, most: int) -> bytes:
    """What a file inside holds, of at most ``most`` bytes. Raises a ``HostError``, ``Malformed`` where it is no file or longer."""
    with door.send("GET", door.path("instances", instance, "files", path=path), stream=True) as response:
        if response.headers.get("X-LXD-type", "file") != "file":
            raise Malformed(f"{door.host.name}: {path} in {instance} is no file")
        found = b""
        for piece in response.iter_content(MOST):
            found += piece
            if len(found) > most:
                raise Malformed(f"{door.host.name}: {path} in {instance} is longer than {most} bytes")
        return found


def _stage(answer: bytes, seconds: int) -> tuple[Stage, bytes | None]:
    """Of an answer that has another form than was asked for nothing is believed."""
    parts = _parts(answer)
    told = _TOLD.fullmatch(parts.get("told") or b"") if parts is not None else None
    if parts is None or told is None:
        return Stage(None, ended="what the container tells of it is not what was asked"), None
    status, late, spent, peak = int(told[1]), told[2] == b"1", float(told[3]), int(told[4])
    stage = Stage(
        exit=None if late else status,
        stdout=parts.get("out") or b"",
        stderr=parts.get("err") or b"",
        seconds=spent,
        peak=peak * KIB or None,
        ended=f"took longer than {seconds} s" if late else "",
    )
    return stage, parts.get("artifact")


def _parts(answer: bytes) -> dict[str, bytes | None] | None:
    found: dict[str, bytes | None] = {}
    at = 0
    while at < len(answer):
        head = _PART.match(answer, at)
        if head is None or head[1].decode() in found:
            return None
        at = head.end()
        if head[2] == b"-":
            found[head[1].decode()] = None
            continue
        end = at + int(head[2])
        if answer[end : end + 1] != b"\n":
            return None
        found[head[1].decode()] = answer[at:end]
        at = end + 1
    return found
