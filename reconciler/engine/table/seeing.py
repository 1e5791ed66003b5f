"""What can be seen of a host, and whose it is."""

from __future__ import annotations

from reconciler.engine.asked import ALL, GROUND, MAKING, TAKING
from reconciler.engine.refuse import desired, observation
from reconciler.engine.table.row import row
from reconciler.model.changes import Action

SEEING = (
    row(
        "D11", "The host is not in the inventory", ALL, desired.unknown_host, "Whatever lives on a host that nobody declares is left alone."
    ),
    row(
        "F12",
        "A partner's host shows another certificate or trusts us no more",
        ALL,
        observation.partner_changed,
        "The host belongs to somebody else. What lives there is unknown until the partner says what happened; it is never taken for gone.",
    ),
    row(
        "O02",
        "The host answers with another identity",
        ALL,
        observation.other_identity,
        "The certificate is not the pinned one, or the name LXD gives for itself is not the declared or certified one. It may be another"
        " machine at the same address, so nothing it says counts.",
        acceptable=True,
    ),
    row(
        "F08",
        "The cluster has no majority",
        ALL,
        observation.no_quorum,
        "Writes would fail half-way, or be lost when the majority is back. Refused on every member, also on those that answer.",
    ),
    row(
        "F06",
        "The cluster's member is away",
        ALL,
        observation.not_online,
        "A member is offline, evacuated or blocked, or the cluster does not have it. What lives there is unknown; the other members go on."
        " Nothing is placed or woken there against LXD's own word, and the foundation, which is made on all at once, waits for it.",
    ),
    row(
        "O01",
        "The host was not seen",
        ALL,
        observation.unseen,
        "No connection, or no answer in time. Unknown is not absent: nothing is made that could still live there; others go on.",
    ),
    row(
        "O05",
        "The host was seen in part only",
        TAKING | GROUND,
        observation.partial,
        "Names and rows do not agree, or a row is hollow. What is there may be changed; nothing is made or ended on what is not there.",
    ),
    row(
        "F09",
        "Its time is over by a clock that cannot be believed",
        TAKING,
        observation.skewed,
        "A time to live or a grace ends by comparing the host's clock with ours. While they disagree nothing ends by age. Where a loop sees"
        " its own clock jump, which may be the host's as well, nothing ends by it either, and nothing is made or quarantined whose end it"
        " would decide, until the clock goes with the time again or the loop is restarted.",
    ),
    row(
        "O11",
        "What was seen is too old, or the host's clock is off",
        TAKING,
        observation.stale,
        "A host that answered long before the others tells of a world that may be gone. A later pass looks again.",
    ),
    row(
        "D14",
        "The project belongs to another environment",
        ALL,
        observation.other_environment,
        "The mark on the project names another environment than the Policy: the wrong repository, or the wrong host.",
    ),
    row(
        "O16",
        "The project is gone or is not ours",
        ALL,
        observation.project_in_doubt,
        "A project that cannot be seen answers like an empty one; a project that nobody prepared holds what somebody else made.",
        acceptable=True,
    ),
    row(
        "O12",
        "LXD lacks an API extension that isolation stands on",
        MAKING | {Action.PREPARE},
        observation.extension_missing,
        "Without it a container would be made with less protection than its manifest promises. What exists goes on.",
    ),
    row(
        "O03",
        "The list is empty and was not",
        TAKING,
        observation.empty_list,
        "A permission, a filter or a failed member can empty a list with a status of success. Making everything again would double it.",
        acceptable=True,
    ),
    row(
        "O04",
        "The list is much shorter than it was",
        TAKING,
        observation.short_list,
        "More than half of what was certified on the host is not listed. Somebody took it away, or the list is short.",
        acceptable=True,
    ),
)
