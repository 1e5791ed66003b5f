"""A door to one claimed cell: a program may be begun in it and its mark be written, while the claim stands, and nothing else at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Concatenate, ParamSpec

from reconciler.errors import Conflict, Refused
from reconciler.lxd.instances import WRITE_SECONDS, read_planned
from reconciler.lxd.operations import Waiting, run
from reconciler.lxd.permit import Narrow
from reconciler.model import marks
from reconciler.model.execute import is_spent, run_mark
from reconciler.model.rules import ask, failed
from reconciler.model.world import Status
from reconciler.policy.fencing import BEGIN, MARK, UNBLOCK

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.lxd.connect import Door
    from reconciler.model.execute import Claim
    from reconciler.model.rules import No, Rule
    from reconciler.policy.fencing import Held

    Look = Callable[[], Held]
    """Reads what is written down of the claim, at each request anew."""

P = ParamSpec("P")


class Fence:
    """A permit without a lease, for one claim."""

    term = ""

    def __init__(self, begin: str, mark: str, look: Look) -> None:
        """``begin`` and ``mark`` are the whole paths, project included, of what may be sent."""
        self._begin, self._mark, self._look = begin, mark, look
        self._narrow = Narrow("one claimed cell", ())

    def check(self, method: str, path: str, *, destructive: bool, body: object = None) -> None:
        """Raises ``Refused``: C12 or C13 where the claim does not stand or cannot be read, P15 for any other request."""
        if (method, path) == ("POST", self._begin):
            self._ask(BEGIN)
        elif (method, path) == ("PATCH", self._mark) and isinstance(body, dict):
            self._ask(MARK, _only_mark(body))
        else:
            self._narrow.check(method, path, destructive=destructive, body=body)

    def _ask(self, rule: Rule[Concatenate[Held, P]], /, *args: P.args, **kwargs: P.kwargs) -> None:
        """What cannot be read does not stand."""
        try:
            held = self._look()
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing may pass here
            no: No | None = failed(rule.title, error, UNBLOCK)
        else:
            no = ask(rule, UNBLOCK, held, *args, **kwargs)
        if no is not None:
            told = "; ".join(f"{name}: {value}" for name, value in no.evidence)
            raise Refused(f"{no.cause} ({told})", hint=no.unblock, rule=rule.code)


def _only_mark(body: dict[str, object]) -> object:
    """The mark that the body writes; None where it writes anything else."""
    config = body.get("config")
    alone = set(body) == {"config"} and isinstance(config, dict) and set(config) == {marks.CLAIM}
    return config[marks.CLAIM] if alone and isinstance(config, dict) else None


def fenced(door: Door, claim: Claim, look: Look) -> Door:
    """The same connections, for this claim alone. Raises ``Refused`` (P15) where the cell is on another host than the door's."""
    if door.host.name != claim.cell.host:
        Narrow("one claimed cell", ()).check("POST", f"{claim.cell.host}: {claim.cell.instance}", destructive=False)
    name = claim.cell.instance
    return door.under(Fence(door.path("instances", name, "exec"), door.path("instances", name), look))


def put_mark(door: Door, claim: Claim) -> None:
    """Write on the instance whose it is, and nothing else. ``NotFound``; ``Conflict`` where it is another instance than the cell.

    ``Conflict`` as well where it has a mark that is neither ours nor says spent, for another file or a session may have it, or a cell that
    is being claimed does not run.
    """
    name = claim.cell.instance
    row, _, etag = read_planned(door, name, claim.cell.uuid)
    found = row.config.get(marks.CLAIM, "")
    if found == claim.mark:
        return
    foreign = found and not is_spent(found) and run_mark(found) != (claim.fence, claim.owner)
    if foreign or (not is_spent(claim.mark) and (found or row.status is not Status.RUNNING)):
        told = f"{row.status_text}, claim {found or 'none'}"
        raise Conflict(f"{door.host.name}: {name} is not free to be claimed ({told})", hint=UNBLOCK)

    def written() -> bool:
        return read_planned(door, name, claim.cell.uuid)[0].config.get(marks.CLAIM) == claim.mark

    body = {"config": {marks.CLAIM: claim.mark}}
    run(door, "PATCH", door.path("instances", name), body, Waiting(WRITE_SECONDS, written), headers={"If-Match": etag})
