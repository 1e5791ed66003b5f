"""``python -m tests.attacks``: try every attack and its control on a real container, and write what came of each to the page."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field

import pytest

from docs.attacks import PAGE, PLACES, RESULTS, ROOT, page, rows


@dataclass(eq=False)
class Results:
    """What became of each attack: it is held where every test of it, its control among them, passed."""

    names: dict[str, str] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            mark = item.get_closest_marker("attack")
            attack = item.callspec.params.get("attack") if isinstance(item, pytest.Function) and hasattr(item, "callspec") else None
            name = mark.args[0] if mark else getattr(attack, "name", None)
            if name:
                self.names[item.nodeid] = name
        items[:] = [item for item in items if item.nodeid in self.names]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = self.names[report.nodeid]
        if report.failed:
            self.told[name] = "NOT HELD"
        elif report.when == "call" and report.passed:
            self.told.setdefault(name, "held")


def main() -> int:
    """0 where all are held."""
    results = Results()
    status = pytest.main(["-q", "-m", "slow or not slow", "-p", "no:cacheprovider", *PLACES], plugins=[results])
    kept = {"where": f"Linux {os.uname().release}, {os.uname().machine}", "results": dict(sorted(results.told.items()))}
    (ROOT / RESULTS).write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (ROOT / PAGE).write_text(page(), encoding="utf-8")
    held = sum(results.told.get(row.tries) == "held" for row in rows())
    print(f"{held} of {len(rows())} attacks held; {PAGE} written")
    return 0 if not status and held == len(rows()) else 1


if __name__ == "__main__":
    sys.exit(main())
