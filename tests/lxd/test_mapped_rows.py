"""What LXD's rows tell of how a container was started."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.lxd.inspect import any_mapped

MAP = '[{"Isuid":true,"Isgid":false,"Hostid":165536,"Nsid":0,"Maprange":65536}]'


def row(last: str | None = "[]", current: str | None = MAP, **other: Any) -> dict[str, Any]:
    config = {"volatile.last_state.idmap": last, "volatile.idmap.current": current, "security.privileged": other.pop("privileged", None)}
    told = {key: value for key, value in config.items() if value is not None}
    return {"type": "container", "status": "Running", "expanded_config": told, **other}


@pytest.mark.parametrize(
    ("rows", "mapped"),
    [
        ([row()], True),
        ([row(last=MAP), row(status="Frozen")], True),
        ([], False),
        ([row(last=MAP)], False),
        ([row(last=None)], False),
        ([row(current=None)], False),
        ([row(current="[]", privileged="true")], False),
        ([row(status="Stopped")], False),
        ([row(type="virtual-machine")], False),
        ([{"type": "container", "status": "Running"}], False),
        (None, False),
    ],
)
def test_only_a_container_that_runs_unprivileged_on_files_of_the_image_shows_it(rows: object, mapped: bool) -> None:
    assert any_mapped(rows) is mapped
