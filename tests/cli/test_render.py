"""Text for people, against golden cases, and JSON for programs."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from reconciler.app.events import EventKind
from reconciler.cli.render.apply import event_document, event_lines, report_document, report_lines
from reconciler.cli.render.error import error_lines
from reconciler.cli.render.plan import ORDER, REASONS, SIGNS, plan_lines, reason_text
from reconciler.cli.render.screen import STYLES, Screen, columns, duration, size, wants_colour
from reconciler.errors import Finding, ManifestError, UsageError
from reconciler.model.changes import Action, Reason
from tests.cases.loader import cases
from tests.cli import values
from tests.cli.plain import plain


@pytest.mark.parametrize("case", cases("render"))
def test_text_is_as_the_case_says(case: dict[str, Any]) -> None:
    lines = plan_lines(values.plan(case["plan"])) if "plan" in case else report_lines(values.report(case["report"]))
    assert plain(lines) == case["text"]


@pytest.mark.parametrize("case", cases("render"))
def test_colour_changes_no_word(case: dict[str, Any]) -> None:
    lines = plan_lines(values.plan(case["plan"])) if "plan" in case else report_lines(values.report(case["report"]))
    screen = Screen(io.StringIO(), colour=True)
    painted = "".join(f"{screen.text(line)}\n" for line in lines)
    for code in filter(None, STYLES.values()):
        painted = painted.replace(f"\x1b[{code}m", "")
    assert painted.replace("\x1b[0m", "") == case["text"]


def test_every_action_and_reason_has_its_words() -> None:
    assert set(REASONS) == set(Reason)
    assert set(SIGNS) == set(ORDER) == set(Action) - {Action.KEEP}
    assert reason_text("of-a-later-version") == "of-a-later-version"


def test_events_as_lines_and_as_json() -> None:
    row = {"index": 3, "total": 12, "ref": "Service/a", "host": "h1", "action": "create", "elapsed": 0.12345}
    started, done = values.event(EventKind.ACTION_STARTED, row), values.event(EventKind.ACTION_DONE, row)
    failed = values.event(EventKind.ACTION_FAILED, row | {"detail": "no space left"})
    assert event_lines(started, 1) == []
    assert plain(event_lines(done, 4)) == "[ 4/12] done create Service/a on h1\n"
    assert plain(event_lines(failed, 12)) == "[12/12] failed create Service/a on h1: no space left\n"
    document = event_document(done)
    assert (document["kind"], document["ref"], document["elapsed"]) == ("action-done", "Service/a", 0.123)
    assert json.loads(json.dumps(document)) == document


def test_a_report_as_json() -> None:
    report = values.report({"failed": [{"index": 0, "total": 1, "ref": "Service/a", "host": "h1", "action": "create"}]})
    document = json.loads(json.dumps(report_document(report)))
    assert (document["exit_status"], len(document["failed"]), document["done"]) == (4, 1, [])


def test_findings_are_places_one_can_jump_to() -> None:
    error = ManifestError(
        (Finding("manifests/b.yaml", 3, 5, "spec.imge", "unknown key", "did you mean image?"), Finding("a.yaml", 0, 0, "", "not UTF-8"))
    )
    assert plain(error_lines(error)).splitlines() == [
        "a.yaml: not UTF-8 [D02]",
        "manifests/b.yaml:3:5: spec.imge: unknown key [D02]",
        "  did you mean image?",
        "error [manifest]: 2 findings in 2 files",
        "next: mend them, then: unsandbox validate",
    ]


def test_an_error_is_one_line_and_the_next_command() -> None:
    lines = plain(error_lines(UsageError("x is not y", hint="unsandbox z"))).splitlines()
    assert lines == ["error [usage]: x is not y", "next: unsandbox z"]


@pytest.mark.parametrize(
    ("choice", "environ", "colours"),
    [
        ("auto", {}, True),
        ("auto", {"NO_COLOR": "1"}, False),
        ("auto", {"NO_COLOR": ""}, True),
        ("auto", {"TERM": "dumb"}, False),
        ("never", {}, False),
        ("always", {"NO_COLOR": "1"}, True),
    ],
)
def test_colour_on_a_terminal(choice: str, environ: dict[str, str], colours: bool) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert wants_colour(choice, Terminal(), environ) is colours
    assert wants_colour(choice, io.StringIO(), environ) is (choice == "always")


def test_columns_fit_their_widest_and_leave_no_blanks_behind() -> None:
    rows = columns([(("a", ""), ("long", ""), ("", "")), (("bbb", ""), ("c", ""), ("d", ""))], indent=1)
    assert plain(rows) == " a    long\n bbb  c     d\n"
    assert columns([]) == []


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (10, "10 s"), (89, "89 s"), (90, "2 min"), (7200, "2 h"), (172800, "2 d")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0B"), (1000, "1000B"), (1024, "1KiB"), (67108864, "64MiB"), (3 * 1024**3, "3GiB")])
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text


def test_one_who_left_does_not_stop_work() -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError(text)

    screen = Screen(Closed(), colour=False)
    screen.tell([(("x", ""),)])
    with pytest.raises(BrokenPipeError):
        screen.show([(("x", ""),)])
