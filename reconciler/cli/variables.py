"""Environment variables that are not simply an option's own."""

from __future__ import annotations

from reconciler.cli.ask import SECRET
from reconciler.cli.codes import OTP
from reconciler.cli.failure import DEBUG

OTHERS = {
    SECRET: "trust token or password for `hosts add`; no option takes it, since a command line can be read by others",
    OTP: "a person's one-time or recovery code for `approve` and `approvers`; no option takes it",
    DEBUG: "1 shows the traceback of a defect on standard error, with messages that may hold secrets",
    "NO_COLOR": "any value turns colour off where `--color` is auto",
    "TERM": "`dumb` turns colour and live progress off",
    "LXD_DIR": "where the local LXD lives, before the usual places",
    "XDG_CONFIG_HOME": "parent of the folder that `--config-dir` is by default",
    "HOME": "parent of `.config` where `XDG_CONFIG_HOME` is not set",
    "NOTIFY_SOCKET": "where `run` tells systemd how it is; systemd sets it",
    "WATCHDOG_USEC": "after how many microseconds without a sign of life systemd restarts `run`; systemd sets it",
    "WATCHDOG_PID": "whose signs of life are meant; systemd sets it",
    "WATCHFILES_FORCE_POLLING": "1 lets `run` look for changed files, where the filesystem does not notify",
    "SUDO_USER": "who `--actor` is by default where sudo is used",
}
"""Name -> what it does, for the reference."""
