"""What somebody changed past the manifests, told from what the manifests changed; and whom an event may name for it."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.engine.diff import diff
from reconciler.engine.drift import drifts
from reconciler.model.drift import Drift
from reconciler.model.hints import Hint
from reconciler.model.names import Kind, Ref
from tests.engine.worlds import build

WEB = Ref(Kind.SERVICE, "web")
PLACE = ("h1", "svc-web")
AT = "2026-01-01T00:00:00.000000001Z"
EDITED: dict[str, Any] = {"services": {"web": {}}, "hosts": {"h1": {"rows": [{"of": "web", "config": {"limits.memory": "128MiB"}}]}}}
THAWED: dict[str, Any] = {"services": {"web": {"power": "frozen"}}, "hosts": {"h1": {"rows": [{"of": "web", "made": {"power": "frozen"}}]}}}
GONE: dict[str, Any] = {"services": {"web": {}}, "known": {"uuid-web": {"of": "web", "document": f"document of {WEB}"}}}
USED = {"pools": {"py": {"size": 1}}, "known": {"u": {"ref": "Cell/py-0", "document": "document of Cell/py-0"}}}
SCRIPT = {"bootstrap": "true"}
UNRUN = {"services": {"web": SCRIPT}, "hosts": {"h1": {"rows": [{"of": "web", "made": SCRIPT, "ran": False}]}}}
FIELD = Drift(WEB, "h1", "config.limits.memory", "64MiB", "128MiB")
POWER = Drift(WEB, "h1", "power", "frozen", "running")
ABSENT = Drift(WEB, "h1", "instance", "present", "absent")


def found(case: dict[str, Any], hints: dict[tuple[str, str], Hint] | None = None) -> tuple[Drift, ...]:
    desired, observed, ledger = build(case)
    return drifts(diff(desired, observed, ledger), desired, ledger, hints)


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        pytest.param(EDITED, (FIELD,), id="a field edited by hand"),
        pytest.param(THAWED, (POWER,), id="thawed by hand"),
        pytest.param(GONE, (ABSENT,), id="deleted by hand"),
        pytest.param({**EDITED, "services": {"web": {"mode": "detect"}}}, (FIELD,), id="whatever its mode"),
        pytest.param({**EDITED, "services": {"web": {"document": "another"}}, "known": {"uuid-web": {"document": "one"}}}, (), id="edited"),
        pytest.param({**EDITED, "unknown": ["uuid-web"]}, (), id="never applied by us"),
        pytest.param({**EDITED, "known": {"uuid-web": {"document": ""}}}, (), id="adopted, and never applied"),
        pytest.param(
            {"services": {"web": {"memory": 96}}, "hosts": {"h1": {"rows": [{"of": "web"}]}}}, (), id="the tier moved, not the manifest"
        ),
        pytest.param({"services": {"web": {}}}, (), id="not made yet"),
        pytest.param({"services": {"web": {}}, "hosts": {"h1": {"rows": [{"of": "web"}]}}}, (), id="as declared"),
        pytest.param({"hosts": {"h1": {"rows": [{"of": "web"}]}}}, (), id="left the manifests"),
        pytest.param(
            {
                "services": {"web": {"power": "frozen", "memory": 96}},
                "hosts": {"h1": {"rows": [{"of": "web", "made": {"power": "frozen"}}]}},
            },
            (POWER,),
            id="power is declared by the manifest alone",
        ),
        pytest.param(USED, (), id="a cell was used"),
        pytest.param({**GONE, "hosts": {"h2": {}}}, (), id="its host left the inventory"),
        pytest.param({**GONE, "hosts": {"h1": {"grade": "unseen"}}}, (), id="its host is out of sight"),
        pytest.param(UNRUN, (), id="a script that did not run yet"),
    ],
)
def test_what_is_drift(case: dict[str, Any], expected: tuple[Drift, ...]) -> None:
    assert found(case) == expected


def test_a_secret_is_masked() -> None:
    made = {"env": {"TOKEN": "ours"}}
    edited = {"of": "web", "made": made, "config": {"environment.TOKEN": "theirs"}}
    (drift,) = found({"services": {"web": made}, "hosts": {"h1": {"rows": [edited]}}})
    assert (drift.path, drift.declared, drift.found) == ("config.environment.TOKEN", "*** (after)", "*** (before)")


@pytest.mark.parametrize(
    ("case", "action", "named"),
    [
        (THAWED, "instance-resumed", True),
        (THAWED, "instance-updated", False),
        (EDITED, "instance-updated", True),
        (EDITED, "instance-restored", True),
        (EDITED, "instance-started", False),
        (GONE, "instance-deleted", True),
        (GONE, "instance-stopped", False),
    ],
)
def test_an_event_names_only_what_it_is_about(case: dict[str, Any], action: str, *, named: bool) -> None:
    """Who started it last is not who edited it."""
    (drift,) = found(case, {PLACE: Hint(action, "svc-web", AT, "anna")})
    assert (drift.event, drift.who, drift.when) == ((action, "anna", AT) if named else ("", "", ""))


def test_an_event_of_another_instance_or_host_names_nobody() -> None:
    hint = Hint("instance-updated", "svc-web", AT, "anna")
    assert found(EDITED, {("h2", "svc-web"): hint, ("h1", "svc-other"): hint}) == (FIELD,)


def test_it_reads_as_one_line() -> None:
    (drift,) = found(THAWED, {PLACE: Hint("instance-resumed", "svc-web", AT, "anna (tls, 10.0.0.1:5)")})
    assert drift.text == f"Service/web on h1: power is running, declared frozen; instance-resumed by anna (tls, 10.0.0.1:5) at {AT}"
    (drift,) = found(EDITED, {PLACE: Hint("instance-updated", "svc-web", AT)})
    assert drift.text == f"Service/web on h1: config.limits.memory is 128MiB, declared 64MiB; instance-updated at {AT}"
    assert FIELD.text == "Service/web on h1: config.limits.memory is 128MiB, declared 64MiB"
