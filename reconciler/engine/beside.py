"""Refusals that no table of rules gives: they come from comparing, placing and counting, where more than one object is seen at once."""

from __future__ import annotations

from typing import NamedTuple


class Beside(NamedTuple):
    """One code. ``stage`` is a word of ``catalogue.Stage``."""

    code: str
    title: str
    why: str
    stage: str


BESIDE = (
    Beside(
        "O14",
        "Two instances carry the marks of one object",
        "A copy, or a second control plane. Which of the two is meant cannot be told, so neither is touched.",
        "fleet",
    ),
    Beside(
        "O15",
        "Two instances hold one slot of a pool",
        "Both are kept: one of them may be claimed at this moment.",
        "fleet",
    ),
    Beside(
        "S09",
        "No host that it may live on has room, or none fits its placement",
        "The arithmetic is in the evidence. What a stopped or frozen container was promised counts as used.",
        "change",
    ),
    Beside(
        "F01",
        "More destroys, replaces or freezes than the Policy allows",
        "In one pass, in one hour, on one host, of one owner, or as a share of the fleet. Over the limit none of the kind is done: choosing"
        " some would be guessing.",
        "fleet",
    ),
    Beside(
        "P15",
        "A door that was opened for reading is asked to write",
        "Planning and looking use doors that can only read; only a writer that holds the lease has one that writes. A dry run cannot act.",
        "writer",
    ),
    Beside("A00", "No rule speaks in favour of the request", "The default is no: a request that no table names is not made.", "request"),
    Beside("X00", "No rule speaks in favour of the action", "The default is no: an action that no table names is not done.", "change"),
)
