"""What is declared, and whether it is meant."""

from __future__ import annotations

from reconciler.engine.asked import ALL, CREATE, RESTART, RESTING, TAKING, WRITING
from reconciler.engine.refuse import desired, fleet, lifecycle, signed
from reconciler.engine.table.row import row
from reconciler.model.changes import ENDING, Action

MEANING = (
    row(
        "D01",
        "No manifest declares anything that lives",
        ENDING,
        desired.nothing_declared,
        "An empty folder is far more often a failed checkout than a wish to end everything.",
        acceptable=True,
    ),
    row(
        "G01",
        "A commit is not signed by somebody who is trusted",
        ALL,
        signed.unsigned,
        "Who can write to the repository is not who may decide. The policy asked for signatures, the one in force or the one that comes:"
        " either suffices, so that no unsigned commit switches the check off. Whom to trust is in a file outside the repository.",
    ),
    row(
        "D07",
        "The commit does not descend from the one applied last",
        ALL,
        desired.not_a_descendant,
        "Applying an older or a side branch takes back what others applied. Merge it, or accept the step back for this commit.",
        acceptable=True,
    ),
    row(
        "F10",
        "Objects of ours exist and the journal knows of none",
        TAKING,
        desired.first_run,
        "This is the first run on a fleet that another control plane made, or the journal was lost. Which one it is decides what may be"
        " made and ended; changes of what exists go on.",
        acceptable=True,
    ),
    row(
        "F02",
        "The circuit is open",
        ENDING | CREATE | RESTART,
        fleet.circuit_open,
        "Many hosts out of sight or many objects down at once have one cause, and it is seldom the manifests. It stays open until a person"
        " closes it. Restarts wait as well while many are unhealthy at once, until they are not.",
        acceptable=True,
    ),
    row(
        "D18",
        "Much of the fleet would change though its own manifests did not",
        WRITING,
        fleet.default_moved,
        "A default, a tier, the policy or this tool's version moved. The manifests of the objects themselves are as they were applied.",
        acceptable=True,
    ),
    row(
        "D19",
        "The change would stop the container that this program runs in",
        ENDING | RESTING | RESTART,
        desired.own_container,
        "A control plane that freezes, stops or ends itself cannot finish what it began.",
        acceptable=True,
    ),
    row(
        "D12",
        "The host is cordoned or drained",
        CREATE | {Action.IMPORT},
        desired.closed_host,
        "Its manifest says that it takes nothing more.",
    ),
    row(
        "D20",
        "The image can be brought from nowhere",
        frozenset({Action.IMPORT}),
        desired.image_missing,
        "No file is named for it and no host that can be seen in full holds it.",
    ),
    row(
        "F05",
        "It lives on a host that left the inventory",
        CREATE,
        desired.host_forgotten,
        "A host that is forgotten is not empty. Making the object elsewhere would double it.",
        acceptable=True,
    ),
    row(
        "D03",
        "It is probably a rename",
        CREATE | ENDING,
        desired.renamed,
        "One object leaves and another that is all but the same comes in the same pass. metadata.moved keeps the container with its data.",
        acceptable=True,
    ),
    row(
        "F11",
        "Its owner's key left the manifests with it",
        ENDING,
        desired.owner_gone,
        "To remove a key must not end what lives under it as a side effect.",
        acceptable=True,
    ),
    row(
        "F04",
        "Several hosts may take it and their capacity is not stated",
        CREATE,
        lifecycle.capacity_unknown,
        "Choosing among hosts needs to know what they hold. A host that is named, or the only one, needs no choice.",
    ),
)
