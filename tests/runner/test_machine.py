"""What may be said when, and what a spec may hold."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.runner import frames
from reconciler.runner.bundle import archive
from reconciler.runner.frames import Broken, Frame
from reconciler.runner.machine import Cancel, Feed, Machine, Pong, Start
from tests.runner.cell import SPEC

WHOLE: dict[str, Any] = {
    **SPEC,
    "run": ["true"],
    "code": 3,
    "environment": {},
    "inputs": [{"name": "a/b", "size": 0}, {"name": "c", "size": 2}],
}


def ordered(number: int = 1, **other: Any) -> Frame:
    return Frame(frames.RUN, number, json.dumps({**WHOLE, **other}).encode())


def started() -> Machine:
    machine = Machine()
    assert machine.hear(ordered(code=0, inputs=[]))
    return machine


def test_a_run_starts_when_its_last_file_is_whole() -> None:
    machine = Machine()
    assert machine.hear(ordered()) == []
    assert machine.hear(Frame(frames.FILE, 1, b"ab")) == []
    assert machine.hear(Frame(frames.FILE, 1, b"c")) == []
    (start,) = machine.hear(Frame(frames.FILE, 1, b"de"))
    assert isinstance(start, Start)
    assert start.files == (b"abc", b"", b"de")
    assert machine.hear(Frame(frames.STDIN, 1, b"in")) == [Feed(b"in")]
    assert machine.hear(Frame(frames.PING, 9)) == [Pong(9)]
    assert machine.hear(Frame(frames.CANCEL, 1)) == [Cancel()]
    machine.ended()
    assert machine.hear(Frame(frames.STDIN, 1, b"late")) == []
    assert machine.hear(Frame(frames.CANCEL, 1)) == []
    assert machine.hear(ordered(2)) == []


OUT_OF_TURN = [
    (started, ordered(2)),
    (started, Frame(frames.FILE, 1, b"x")),
    (started, Frame(frames.STDIN, 2, b"x")),
    (started, Frame(frames.CANCEL, 0)),
    (Machine, Frame(frames.STDIN, 1, b"x")),
    (Machine, ordered(0)),
]


@pytest.mark.parametrize(("make", "frame"), OUT_OF_TURN)
def test_what_comes_out_of_turn_is_refused(make: Any, frame: Frame) -> None:
    with pytest.raises(Broken):
        make().hear(frame)


def test_bytes_beyond_a_file_and_beyond_the_end_of_input_are_refused() -> None:
    machine = Machine()
    machine.hear(ordered())
    with pytest.raises(Broken, match="more bytes"):
        machine.hear(Frame(frames.FILE, 1, b"abcd"))
    machine = started()
    machine.hear(Frame(frames.STDIN, 1))
    with pytest.raises(Broken, match="after its end"):
        machine.hear(Frame(frames.STDIN, 1, b"x"))
    machine = started()
    machine.ended()
    with pytest.raises(Broken, match="run 1 after run 1"):
        machine.hear(ordered(1))


BAD: list[dict[str, Any]] = [
    {"run": []}, {"run": ["a\0b"]}, {"run": "true"}, {"run": ["\ud800"]}, {"compile": [1]}, {"source": "../x"}, {"source": "/x"},
    {"source": ""}, {"source": "a//b"}, {"source": "a/./b"}, {"source": "a\nb"}, {"source": "x" * 256}, {"source": "a/" * 8 + "b"},
    {"code": -1}, {"code": 10**9}, {"code": True}, {"environment": {"A=B": "c"}}, {"environment": {"": "c"}}, {"environment": {"A": 1}},
    {"seconds": 0}, {"seconds": 901}, {"seconds": 1.5}, {"memory": 1}, {"disk": 0}, {"processes": 0}, {"output": -1},
    {"network": "host"}, {"zygote": "perl"}, {"inputs": [{"name": "a", "size": 1}] * 2}, {"inputs": [{"name": "a"}]}, {"inputs": {}},
    {"inputs": [{"name": "..", "size": 1}]}, {"artifacts": {"count": 1}}, {"artifacts": {"count": 1, "bytes": 1, "each": -1}},
    {"more": 1}, {"inputs": [{"name": str(n), "size": 60 * 1024 * 1024} for n in range(2)]},
]  # fmt: skip


@pytest.mark.parametrize("change", BAD, ids=str)
def test_a_spec_with_something_wrong_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Broken):
        Machine().hear(ordered(**change))


@pytest.mark.parametrize("payload", [b"", b"[]", b"\xff", b"{}", b"[" * 60000])
def test_what_is_no_spec_is_refused(payload: bytes) -> None:
    with pytest.raises(Broken):
        Machine().hear(Frame(frames.RUN, 1, payload))


def test_the_archive_is_the_same_each_time_and_python_3_9() -> None:
    assert archive() == archive()
    for path in (Path(__file__).parents[2] / "reconciler/runner").glob("*.py"):
        ast.parse(path.read_text(), feature_version=(3, 9))
