"""What may be done with it."""

from __future__ import annotations

from reconciler.engine.asked import CREATE, OBJECT, POWER, RESTART, RESTING
from reconciler.engine.refuse import desired, fleet, identity, lifecycle
from reconciler.engine.table.row import row
from reconciler.model.changes import DESTRUCTIVE, ENDING, Action

LIFE = (
    row(
        "D15",
        "A locked object is no longer declared",
        frozenset({Action.DESTROY, Action.QUARANTINE}),
        desired.locked_gone,
        "A lock outlives the manifest that set it: unlocking and removing are two steps.",
    ),
    row(
        "I10",
        "The object is locked",
        ENDING | RESTING | RESTART,
        identity.locked_kept,
        "A locked object is not ended, replaced, put to rest or stopped for a restart.",
    ),
    row(
        "I08",
        "The session that claims the cell is not declared",
        ENDING,
        identity.orphaned,
        "Somebody may still be in it. It is kept until a person says that nobody is.",
        acceptable=True,
    ),
    row(
        "I07",
        "The cell is claimed",
        ENDING,
        identity.claimed,
        "A claimed cell belongs to the run or session that claimed it, not to the pool.",
    ),
    row(
        "S10",
        "Somebody else protected it",
        ENDING | {Action.UPDATE},
        lifecycle.protected_by_other,
        "We never set delete protection on a cell, so a person did, for a reason.",
        acceptable=True,
    ),
    row(
        "S06",
        "Somebody is connected to it",
        ENDING | RESTART,
        lifecycle.in_use,
        "A command, a console or a migration is open on it. Our own probes do not count.",
    ),
    row(
        "S07",
        "Snapshots or volumes of it would be lost",
        DESTRUCTIVE,
        lifecycle.snapshots_lost,
        "LXD deletes an instance's snapshots with it, and leaves its volumes without a user.",
        acceptable=True,
    ),
    row(
        "S04",
        "Its frozen memory would be lost",
        DESTRUCTIVE | RESTING,
        lifecycle.frozen_ends,
        "A frozen instance is stopped by force. What it holds in memory was kept by somebody, not by us.",
        acceptable=True,
    ),
    row(
        "S08",
        "It is down, and whether it is well cannot be told",
        frozenset({Action.REPLACE}),
        lifecycle.health_unknown,
        "Unknown is not unhealthy. What is made anew takes with it what would have told why it went down.",
        acceptable=True,
    ),
    row(
        "D16",
        "The image's name stands for another image",
        frozenset({Action.REPLACE}),
        desired.image_moved,
        "A name moved and nothing else. The object stays on the image it was made from unless its manifest allows replacing it.",
    ),
    row(
        "D13",
        "The change means making it anew",
        frozenset({Action.REPLACE}),
        desired.immutable,
        "LXD cannot change this in place, and to destroy and create loses what is on the disk.",
    ),
    row(
        "S05",
        "Stopping an ephemeral instance deletes it",
        RESTING | RESTART | {Action.REPLACE},
        lifecycle.ephemeral,
        "LXD deletes it as soon as it stops.",
    ),
    row(
        "S01",
        "It is not known who froze it",
        POWER,
        lifecycle.frozen_by_whom,
        "What we froze we thaw. What a person, a request or the idle policy froze is theirs to thaw.",
    ),
    row(
        "S02",
        "Freezing it means starting it",
        POWER,
        lifecycle.frozen_needs_start,
        "A stopped container must run before it can be frozen, and what it does at its start would be done.",
    ),
    row(
        "I11",
        "Somebody changed it by hand",
        frozenset({Action.UPDATE, Action.REPLACE}),
        identity.edited_by_hand,
        "The Policy says drift: refuse. Its manifest is as it was applied; the object is not.",
        acceptable=True,
    ),
    row(
        "F07",
        "Somebody keeps changing it back",
        POWER | {Action.REPLACE},
        lifecycle.fought_over,
        "The same field was written several times within an hour and is different again: another program holds the other end.",
        acceptable=True,
    ),
    row(
        "F03",
        "It was made again and again",
        CREATE,
        lifecycle.flapping,
        "Something takes it away as often as it is made. An hour after the first time it may be made again.",
    ),
    row(
        "S03",
        "It failed again and again",
        OBJECT - ENDING,
        lifecycle.keeps_failing,
        "Each try costs the host and tells nothing more. After an hour without a try it is tried again.",
        acceptable=True,
    ),
    row(
        "D06",
        "The pool would shrink by too much",
        frozenset({Action.DESTROY}),
        fleet.pool_shrinks,
        "A size that was mistyped looks like a wish to shrink.",
        acceptable=True,
    ),
)
