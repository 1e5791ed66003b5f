"""Exit codes, the same for every command."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the shell gets to see."""

    DONE = 0
    ERROR = 1
    CHANGES = 2
    REFUSED = 3
    FAILED = 4
    STALE = 5
    LEASE = 6
    STOPPED = 130
    UNREAD = 141


MEANING = {
    Exit.DONE: "nothing to do, or done",
    Exit.ERROR: "error: input that does not hold, an answer of no, or a defect",
    Exit.CHANGES: "the plan has changes",
    Exit.REFUSED: "a rule refused something; the rest is not held up by it",
    Exit.FAILED: "a step failed or was skipped, a check failed, or a host was out of reach",
    Exit.STALE: "the saved plan is stale: the world or the manifests moved",
    Exit.LEASE: "another writer is at work",
    Exit.STOPPED: "stopped by Ctrl-C before anything was done",
    Exit.UNREAD: "nobody read the output to its end",
}

ALWAYS = (Exit.DONE, Exit.ERROR, Exit.STOPPED, Exit.UNREAD)
"""Every command may end with these."""
