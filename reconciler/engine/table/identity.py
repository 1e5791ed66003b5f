"""Which object it is."""

from __future__ import annotations

from reconciler.engine.asked import CREATE, EXISTING, OBJECT
from reconciler.engine.refuse import identity, observation
from reconciler.engine.table.row import row

IDENTITY = (
    row(
        "O06",
        "The name exists and cannot be read",
        CREATE,
        observation.doubtful_name,
        "Its row is missing or hollow, so the name is not free.",
    ),
    row(
        "O07",
        "It shows without the marks that it had",
        CREATE,
        identity.marks_lost,
        "LXD has been seen to lose user keys in long lists. Taken at its word it would be made a second time.",
    ),
    row(
        "I01",
        "The name is taken by an instance without our marks",
        CREATE,
        identity.name_taken,
        "Somebody else's instance has the name. To take it in is a decision of its own, after seeing what would change.",
    ),
    row(
        "I02",
        "The name is taken by something else of ours or of another environment",
        CREATE,
        identity.name_taken_by_other,
        "The marks on it are of another object, another uid or another environment.",
    ),
    row(
        "I09",
        "A session that was certified is gone",
        CREATE,
        identity.session_lost,
        "What the session held is gone with it. A new one under its name would look as if nothing had happened.",
        acceptable=True,
    ),
    row(
        "P09",
        "An earlier call is open",
        OBJECT,
        identity.undecided,
        "A call was begun, and after a crash or a lost answer it cannot be told whether it was made.",
        acceptable=True,
    ),
    row(
        "P10",
        "An earlier create is open",
        OBJECT,
        identity.undecided_create,
        "A create was begun, LXD forgot the operation, and what has the name does not carry the plan's mark.",
        acceptable=True,
    ),
    row(
        "O13",
        "The same instance shows on two hosts",
        EXISTING,
        identity.split_brain,
        "Healing, a copy of a disk or a restore brought a second one up. Acting on either may act on the wrong one.",
    ),
    row(
        "O10", "The status is Error or unknown", EXISTING, observation.strange, "What its status means is not known, so no step from it is."
    ),
    row("O08", "The instance is between two states", EXISTING, observation.changing, "It settles by itself; a later pass sees where."),
    row("O09", "LXD is running an operation on it", EXISTING, observation.busy, "Two operations on one instance end in neither's state."),
    row(
        "I03",
        "It was made anew by somebody else, or has no uuid",
        EXISTING,
        identity.no_uuid,
        "Our marks are on an instance that is not the one certified. What is in it is not known.",
        acceptable=True,
    ),
    row(
        "I06",
        "It looks like a copy",
        EXISTING,
        identity.copied,
        "A copy takes the marks along and gets a uuid of its own. It is not ours until a person says so.",
        acceptable=True,
    ),
    row(
        "I04",
        "Somebody renamed it",
        EXISTING,
        identity.renamed_by_hand,
        "The instance is the one certified, its name or its marks are not.",
        acceptable=True,
    ),
    row(
        "I05",
        "Somebody moved it to another host",
        EXISTING,
        identity.moved_by_hand,
        "The instance is the one certified, the host is not: moved by hand or by LXD's own healing.",
        acceptable=True,
    ),
    row(
        "O18",
        "It was restored from a snapshot",
        EXISTING,
        identity.restored,
        "It went back in time since it was certified; what the manifest wants may not fit what is in it.",
        acceptable=True,
    ),
    row(
        "O17",
        "A profile that it uses was changed",
        EXISTING,
        observation.profile_changed,
        "One edit of a profile changes every instance that uses it. It is one cause, told once.",
        acceptable=True,
    ),
)
