"""Commands that read, on a world that has something to tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.fleet import PROJECT

if TYPE_CHECKING:
    from tests.e2e.fleet import Fleet

pytestmark = pytest.mark.lxd


def test_what_status_explain_history_hosts_and_doctor_tell(single: Fleet) -> None:
    before = {check["name"]: check for check in single.run("doctor", "--json").json["checks"] if check["scope"] == "h1"}
    assert before["foundation"]["finding"] == "the host is not prepared yet"
    single.services({"one": "", "two": "state: frozen"})
    single.run("apply", "--yes")
    rows = {row["ref"]: row for row in single.run("status", "--json").json["objects"]}
    assert (rows["Service/one"]["actual"], rows["Service/two"]["actual"]) == ("running", "frozen")

    single.daemons[0].lxc("config", "set", "svc-one", "limits.processes=99", "--project", PROJECT)
    told = single.run("explain", "Service/one").out
    assert "99" in told
    assert "manifests/services.yaml:1" in told
    assert "Service/one on h1: config.limits.processes is 99" in told
    (drift,) = single.run("status", "--json").json["drift"]
    assert (drift["ref"], drift["path"], drift["found"]) == ("Service/one", "config.limits.processes", "99")

    entries = single.run("history", "Service/two", "--json").json["entries"]
    assert [row["call"] for row in reversed(entries)] == ["CreateInstance", "SetPower:start", "SetPower:freeze"]
    assert {row["outcome"] for row in entries} == {"done"}
    assert all("@" in row["actor"] for row in entries)

    (host,) = single.run("hosts", "--json").json["hosts"]
    assert (host["grade"], host["instances"], host["foreign"]) == ("complete", 2, 0)


def test_doctor_names_a_foundation_that_somebody_changed(single: Fleet) -> None:
    """No plan sees this (decision 0002); doctor does, and its mend works."""
    single.services({"one": ""})
    single.run("apply", "--yes")
    checks = {(check["scope"], check["name"]): check for check in single.run("doctor", "--json").json["checks"]}
    assert checks["h1", "foundation"]["verdict"] == "ok"
    assert "fail" not in {check["verdict"] for check in checks.values()}

    single.daemons[0].lxc("network", "set", "unsb-zero", "security.acls.default.egress.action=allow")
    single.converged()
    checks = {(check["scope"], check["name"]): check for check in single.run("doctor", "--json", expect=4).json["checks"]}
    found = checks["h1", "foundation"]
    assert found["verdict"] == "fail"
    assert "network unsb-zero differs in security.acls.default.egress.action" in found["finding"]

    single.daemons[0].lxc(*found["mend"].partition(";")[0].split()[1:])
    single.run("apply", "--yes")
    assert "ok" in {check["verdict"] for check in single.run("doctor", "--json").json["checks"] if check["name"] == "foundation"}


def test_env_values_are_nowhere_but_in_lxd(single: Fleet) -> None:
    single.services({"one": "env: {TOKEN: s3cret-one}, bootstrap: {inline: 'echo s3cret-script'}"})
    plan = single.root / "plan.json"
    texts = [single.run("plan", "--out", str(plan), expect=2).out, plan.read_text()]
    texts += [single.run(*words).out for words in (("apply", "--yes"), ("status",), ("explain", "Service/one"), ("history", "--json"))]
    single.services({"one": "env: {TOKEN: s3cret-two}, bootstrap: {inline: 'exit 1 # s3cret-script'}"})
    texts.append(single.run("plan", expect=2).out)
    ran = single.run("apply", "--yes", expect=4)
    texts += [ran.out, ran.err]
    texts += [path.read_bytes().decode(errors="replace") for path in (single.root / ".unsandbox").rglob("*") if path.is_file()]
    assert not [text for text in texts if "s3cret" in text]
    assert single.instances()["h1/svc-one"]["config"]["environment.TOKEN"] == "s3cret-two"
