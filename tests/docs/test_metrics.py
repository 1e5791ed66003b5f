"""Every metric is documented, no other is, and the alert rules ask for what there is."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from reconciler.app.clock import stamp
from reconciler.app.events import Event, EventKind
from reconciler.app.telemetry import Telemetry
from reconciler.app.telemetry_log import FIELDS
from reconciler.model.changes import Refusal
from reconciler.model.resources import Commit
from reconciler.model.world import unseen

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/metrics.md").read_text()
ALERTS = ROOT / "docs/alerts.yaml"
HISTOGRAM = ("_bucket", "_sum", "_count")


def there_are() -> dict[str, set[str]]:
    """Name as it is documented -> its labels, of a loop in which everything happened once."""
    told = Telemetry()
    told.action("p", Event(stamp(), EventKind.ACTION_DONE, 0, 1, "Service/a", "h1", "start"))
    told.pass_ended("p", "h1", 0.1, 1, (Refusal("O01", "Service/a", "h1", "", (), ""),), None)
    told.seen(unseen("h1", "", datetime(2026, 1, 1, tzinfo=UTC)))
    told.lease("h1", "leader", "")
    told.note("reconnected", "h1", "")
    told.text(Commit("c", dirty=False, digest=""), "")
    told.call("h1", "GET /1.0", 0.1, "ok")
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(generate_latest(told.metrics.registry).decode()):
        for sample in family.samples:
            name = family.name if family.type == "histogram" else sample.name
            found.setdefault(name, set()).update(set(sample.labels) - {"le"})
    return found


def test_every_metric_is_documented_with_its_labels_and_no_other() -> None:
    documented: dict[str, set[str]] = {}
    for names, labels in re.findall(r"^\| ((?:`(?:unsandbox|process)_\w+`(?:, )?)+) \| ([\w, ]*)\|", PAGE, re.MULTILINE):
        for name in re.findall(r"`(\w+)`", names):
            documented[name] = set(filter(None, labels.strip().split(", ")))
    assert documented == there_are()


def test_every_field_of_a_line_is_documented() -> None:
    for name in FIELDS.values():
        assert f"`{name}`" in PAGE


def test_the_alerts_ask_for_what_there_is() -> None:
    names = there_are()
    rules = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) > 5
    for rule in rules:
        asked = re.findall(r"\b(?:unsandbox|process)_\w+", rule["expr"])
        assert asked or "up{" in rule["expr"]
        for name in asked:
            plain = next((name.removesuffix(end) for end in HISTOGRAM if name.endswith(end) and name.removesuffix(end) in names), name)
            assert plain in names, rule["alert"]


@pytest.mark.slow
def test_promtool_takes_the_rules(tmp_path: Path) -> None:
    promtool = shutil.which("promtool") or unpacked(tmp_path)
    done = subprocess.run([promtool, "check", "rules", str(ALERTS)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rules found" in done.stdout


def unpacked(folder: Path) -> str:
    """Debian's promtool, unpacked but not installed: with the package would come a server that starts."""
    fetched = subprocess.run(["apt-get", "-q", "download", "prometheus"], cwd=folder, capture_output=True, timeout=120, check=False)
    packages = list(folder.glob("*.deb"))
    if fetched.returncode or not packages:
        pytest.skip("the package prometheus cannot be had here")
    subprocess.run(["dpkg-deb", "-x", packages[0], folder], check=True)
    return str(folder / "usr/bin/promtool")
