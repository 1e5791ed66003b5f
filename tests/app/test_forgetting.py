"""Names come and go under a whole loop over fakes: nothing of it names what is gone from the text and from the hosts."""

from __future__ import annotations

import gc
import re
import time
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING

from reconciler.app.clock import now
from reconciler.model.records import Deed
from reconciler.store.journal import FILE_NAME, Journal
from tests.app.test_workers import running, until
from tests.fake.bystander import Bystander
from tests.fake.estate import Estate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.app.loop.loop import Loop

ROUNDS, AT_ONCE = 2, 6
TRIES, PAUSE = 20, 0.3
GONE = re.compile(r"\bgone-\d+")
LEFT_OUT = (ModuleType, FunctionType, type, Deed)
"""Code; and deeds, which every budget of an hour is counted from, for that hour."""


def named(loop: Loop) -> Iterator[tuple[str, str]]:
    """Texts with a name that is gone, of all that the loop refers to, each with the last types on the way to it."""
    seen, left = {id(loop)}, [(loop, "Loop")]
    while left:
        one, way = left.pop()
        for other in gc.get_referents(one):
            if id(other) in seen or isinstance(other, LEFT_OUT):
                continue
            seen.add(id(other))
            if not isinstance(other, str):
                left.append((other, f"{way[-300:]} > {type(other).__name__}"))
            elif GONE.search(other):
                yield other, way


def services(*names: str) -> dict[str, str]:
    """Each differs from the others in enough that none is taken for another that was renamed."""
    return {name: f"env: {{IS: is-{name}, OF: of-{name}, BY: by-{name}}}" for name in names}


def test_what_is_gone_is_forgotten() -> None:
    with Estate(services=services("stays")) as estate:

        def declare(*names: str) -> None:
            estate.services = services("stays", *names)
            estate.write()
            loop.reload()
            until(lambda: {name for name, row in estate.rows().items() if row["status"] == "Running"} == _instances(estate))
            until(lambda: set(estate.rows()) == _instances(estate))

        estate.write()
        with running(estate) as loop:
            for one in range(ROUNDS):
                names = [f"gone-{one}-{number}" for number in range(AT_ONCE)]
                declare(*names)
                for name in names:
                    # What somebody else does with it is remembered, for as long as it may be asked who did.
                    Bystander(estate.fakes[0]).power(f"svc-{name}", "stop")
                until(lambda: all(row["status"] == "Running" for row in estate.rows().values()))
            declare()
            for _ in range(TRIES):
                loop.reload()
                time.sleep(PAUSE)
                if not (found := list(named(loop))):
                    break
            assert not found
        with Journal(estate.settings.state_dir / FILE_NAME) as journal:
            assert set(journal.ledger(now()).powers) <= {row["config"]["volatile.uuid"] for row in estate.rows().values()}


def _instances(estate: Estate) -> set[str]:
    return {f"svc-{name}" for name in estate.services}
