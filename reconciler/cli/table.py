"""Every command in one table, so that help and completion need not import what the commands need."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.cli.exits import MEANING, Exit


@dataclass(frozen=True, slots=True)
class Row:
    """``short`` is the first line of the command's docstring, ``changes`` what it may change, ``exits`` codes beside 0 and 1."""

    module: str
    short: str
    changes: str
    exits: tuple[Exit, ...] = ()


COMMANDS = {
    "init": Row("reconciler.cli.init", "Make a repository of your own.", "files in DIR, which must be absent or empty"),
    "validate": Row("reconciler.cli.validate", "Read every manifest and show every finding.", "nothing"),
    "schema": Row(
        "reconciler.cli.schema", "Write the JSON Schemas that editors complete and underline with.", "schema files; with --check nothing"
    ),
    "plan": Row(
        "reconciler.cli.plan",
        "Show what would happen and why.",
        "nothing on any host; writes FILE with --out",
        (Exit.CHANGES, Exit.REFUSED, Exit.FAILED),
    ),
    "replay": Row(
        "reconciler.cli.replay",
        "Make a saved plan again from what it recorded, and compare.",
        "nothing",
        (Exit.STALE,),
    ),
    "apply": Row(
        "reconciler.cli.apply",
        "Carry a plan out, after asking.",
        "the hosts, and the journal",
        (Exit.REFUSED, Exit.FAILED, Exit.STALE, Exit.LEASE),
    ),
    "run": Row(
        "reconciler.cli.run",
        "Keep the world as the manifests say, until stopped.",
        "the hosts, the journal, and with --git the repository's folder",
        (Exit.FAILED, Exit.LEASE),
    ),
    "status": Row("reconciler.cli.status", "Show what is declared beside what is there.", "nothing", (Exit.FAILED,)),
    "events": Row("reconciler.cli.events", "Show what the loop did and does.", "nothing"),
    "explain": Row("reconciler.cli.explain", "Say why one object is as it is.", "nothing"),
    "refusals": Row("reconciler.cli.refusals", "Show every refusal there is, and why.", "nothing"),
    "accept": Row(
        "reconciler.cli.accept",
        "Accept one refusal, for exactly the evidence that it shows.",
        "nothing on any host; the journal",
        (Exit.REFUSED,),
    ),
    "approve": Row(
        "reconciler.cli.approve",
        "Approve a saved plan, with a person's one-time code.",
        "the approvals, and the journal; FILE with --out",
        (Exit.REFUSED, Exit.STALE),
    ),
    "approvers": Row("reconciler.cli.approvers", "Show who is enrolled to approve what destroys.", "nothing"),
    "adopt": Row(
        "reconciler.cli.adopt",
        "Take an existing instance in, by writing our marks on it.",
        "marks and delete protection of one instance, and the journal",
        (Exit.REFUSED, Exit.FAILED, Exit.LEASE),
    ),
    "release": Row(
        "reconciler.cli.release",
        "Give one object up without destroying it.",
        "marks of one instance, and the journal",
        (Exit.REFUSED, Exit.FAILED, Exit.LEASE),
    ),
    "lock": Row(
        "reconciler.cli.lock",
        "Lock one object, at once and on the object itself.",
        "a mark of one instance, and the journal",
        (Exit.REFUSED, Exit.FAILED, Exit.LEASE),
    ),
    "unlock": Row(
        "reconciler.cli.unlock",
        "Take a lock away again, with a one-time code.",
        "a mark of one instance, the approvals, and the journal",
        (Exit.REFUSED, Exit.FAILED, Exit.LEASE),
    ),
    "hosts": Row("reconciler.cli.hosts", "Show who is reachable, who they are and what they hold.", "nothing", (Exit.FAILED,)),
    "images": Row(
        "reconciler.cli.images", "Build images from recipes, test them and bring them to the hosts.", "as each of its commands says"
    ),
    "languages": Row("reconciler.cli.languages", "Show the languages that images can hold.", "nothing"),
    "doctor": Row("reconciler.cli.doctor", "Check hosts and local set-up, with a mend for each finding.", "nothing", (Exit.FAILED,)),
    "exec": Row(
        "reconciler.cli.exec",
        "Run a program in a warm cell, and be gone.",
        "one cell, its mark, and execute.db in the state folder; files in DIR with --artifacts",
        (Exit.REFUSED, Exit.FAILED),
    ),
    "jobs": Row("reconciler.cli.jobs", "Show the jobs that are stored, and what came of each.", "nothing"),
    "pools": Row("reconciler.cli.pools", "Show each pool, its cells, and why its size is what it is.", "nothing", (Exit.FAILED,)),
    "history": Row("reconciler.cli.history", "Show what was done, by whom and under which commit.", "nothing", (Exit.FAILED,)),
}

HOSTS_ADD = Row(
    "reconciler.cli.hosts",
    "Take a host in: its fingerprint, our certificate, its entry.",
    "the host's list of trusted clients, a file in inventory/ (of a cluster one a member), and our certificate on first use",
    (Exit.FAILED,),
)

LANGUAGES_SHOW = Row("reconciler.cli.languages", "Show everything that is said of one language.", "nothing")
LANGUAGES_DETECT = Row("reconciler.cli.languages", "Say which language a file is in, and by what.", "nothing")

APPROVERS_ADD = Row(
    "reconciler.cli.approvers",
    "Enrol a person: a secret for their app, and recovery codes.",
    "the approvals, and the journal",
    (Exit.REFUSED,),
)
APPROVERS_REMOVE = Row(
    "reconciler.cli.approvers",
    "Take a person out of those who may approve.",
    "the approvals, and the journal",
    (Exit.REFUSED,),
)
APPROVERS_KEY = Row(
    "reconciler.cli.approvers",
    "Make a key that signs approval files, for unattended runs.",
    "FILE, the approvals, and the journal",
    (Exit.REFUSED,),
)

JOBS = "reconciler.cli.jobs"
IMAGES = "reconciler.cli.images"
INNER = {
    "hosts add": HOSTS_ADD,
    "languages show": LANGUAGES_SHOW,
    "languages detect": LANGUAGES_DETECT,
    "jobs show": Row(JOBS, "Show one job, and give what it left.", "nothing; files in DIR with --artifacts"),
    "jobs wait": Row(JOBS, "Wait for a job to end, and end as it did.", "nothing; files in DIR with --artifacts", (Exit.FAILED,)),
    "jobs cancel": Row(JOBS, "End a job.", "the job"),
    "approvers add": APPROVERS_ADD,
    "approvers remove": APPROVERS_REMOVE,
    "approvers key": APPROVERS_KEY,
    "images build": Row(IMAGES, "Build images from their recipes.", "files in images/.build, and the cache of layers", (Exit.FAILED,)),
    "images list": Row(IMAGES, "Show every recipe, and whether its image is built.", "nothing", (Exit.FAILED,)),
    "images show": Row(IMAGES, "Show one image: its layers, its digests, its files.", "nothing", (Exit.FAILED,)),
    "images test": Row(
        IMAGES,
        "Test an image in a throw-away container: its smoke test, and every language in it.",
        "one host, where the image comes and stays, and the journal; the kept matrix with --write",
        (Exit.FAILED, Exit.LEASE),
    ),
    "images publish": Row(
        IMAGES,
        "Bring the image that was built last to every active host, and serve it where its tests pass.",
        "images and aliases on the hosts, and the journal; an Image manifest with --pin",
        (Exit.FAILED, Exit.LEASE),
    ),
    "images gc": Row(
        IMAGES,
        "Drop layers, downloads and files of images that no recipe and no manifest names.",
        "files in images/.build, and the cache of layers; with --hosts --yes images on the hosts, and the journal",
        (Exit.FAILED, Exit.LEASE),
    ),
}
"""Commands within a command, by their full name."""


def epilog(row: Row) -> str:
    """The end of a command's help: effects and exit codes."""
    codes = sorted({Exit.DONE, Exit.ERROR, *row.exits})
    lines = [f"  {code:>3}  {MEANING[code]}" for code in codes]
    return "\n".join(["\b", f"Changes: {row.changes}.", "Exit codes:", *lines])
