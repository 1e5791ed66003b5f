"""A recorded world gives the same plan, byte for byte, and holds no secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

from reconciler.app.planfile import file_text
from reconciler.app.planning import decide
from reconciler.app.recording import record, restore
from reconciler.engine.select import Scope
from tests.engine.worlds import build
from tests.properties.worlds import cases

if TYPE_CHECKING:
    from reconciler.app.planning import Made
    from reconciler.model.records import Ledger
    from reconciler.model.resources import Desired
    from reconciler.model.world import Observed


def made_of(case: dict[str, Any]) -> Made:
    return decide(*build(case), Scope())


def read_again(made: Made) -> tuple[Desired, Observed, Ledger]:
    return restore(json.loads(json.dumps(record(made))), made.desired)


def replayed(made: Made) -> Made:
    return decide(*read_again(made), Scope())


@given(cases())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_same_bytes_come_of_a_recording(case: dict[str, Any]) -> None:
    made = made_of(case)
    assert file_text(replayed(made)) == file_text(made)


def test_no_secret_is_in_it_whether_it_is_declared_or_not() -> None:
    made = made_of(
        {
            "services": {"web": {"env": {"TOKEN": "hunter2", "OTHER": "new-secret"}}},
            "hosts": {"h1": {"rows": [{"of": "web", "made": {"env": {"TOKEN": "hunter2", "OTHER": "old-secret"}}}]}},
        }
    )
    text = file_text(made)
    assert "config.environment.OTHER" in text
    for secret in ("hunter2", "new-secret", "old-secret"):
        assert secret not in text
    assert file_text(replayed(made)) == text


def test_a_recording_of_another_world_differs() -> None:
    first = made_of({"services": {"web": {"memory": 96}}, "hosts": {"h1": {"rows": [{"of": "web"}]}}})
    second = made_of({"services": {"web": {"memory": 96}}, "hosts": {"h1": {"rows": [{"of": "web", "status": "stopped"}]}}})
    desired, observed, ledger = restore(json.loads(json.dumps(record(second))), first.desired)
    assert file_text(decide(desired, observed, ledger, Scope())) != file_text(first)


@pytest.mark.parametrize(
    ("claims", "codes"),
    [
        ({"uuid-py-0": "running"}, []),
        ({"uuid-py-0": "spent"}, []),
        ({"uuid-py-0": "ended"}, []),
        (None, ["I07"]),
    ],
)
def test_who_has_which_cell_is_in_it_and_that_nobody_could_tell(claims: dict[str, str] | None, codes: list[str]) -> None:
    made = made_of({"pools": {"py": {"size": 0}}, "claims": claims, "hosts": {"h1": {"rows": [{"kind": "cell", "of": "py-0"}]}}})
    assert [refusal.code for refusal in made.plan.refusals] == codes
    assert read_again(made)[2].claims == made.ledger.claims
    assert file_text(replayed(made)) == file_text(made)
