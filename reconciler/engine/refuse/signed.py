"""Did somebody who is trusted sign the text? Check of code G01."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.resources import Signatures
from reconciler.model.rules import No

if TYPE_CHECKING:
    from reconciler.engine.asked import World
    from reconciler.model.changes import Change
    from reconciler.model.records import Ledger
    from reconciler.model.resources import Desired

SHOWN = 12


def unsigned(_: Change, world: World) -> No | None:
    """G01: signatures are asked for, and not every commit since the one applied last has one that holds."""
    flaw = flaw_of(world.desired, world.ledger)
    if not flaw:
        return None
    signed, commit = world.desired.origin.signed, world.desired.commit
    at = signed.commit if signed and signed.commit else commit.id
    in_force = world.ledger.applied is not None and world.ledger.applied.signatures
    evidence = (
        ("commit", at[:SHOWN] or "none"),
        ("its signature", flaw),
        ("asked for by", "the policy in force" if in_force else "the manifests"),
    )
    unblock = f"git log -1 --show-signature {at[:SHOWN] or 'HEAD'}  # then git commit -S, by somebody in the file of --signers"
    return No("it is not certain that somebody trusted signed the text", evidence, unblock, "commit")


def flaw_of(desired: Desired, ledger: Ledger) -> str:
    """Why the text may not be gone by; "" where it may. Either policy suffices to ask, the one in force or the one that comes."""
    in_force = ledger.applied is not None and ledger.applied.signatures
    if desired.policy.signatures is not Signatures.REQUIRED and not in_force:
        return ""
    if desired.commit.dirty or not desired.commit.id:
        return "the text is in no commit"
    signed = desired.origin.signed
    return "nobody looked at it" if signed is None else signed.flaw
