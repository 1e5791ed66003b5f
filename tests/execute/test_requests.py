"""Requests from outside, and what came of them as JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.app.execute.requests import MOST_CODE, check, digest_of, owner_of, summary_of
from reconciler.app.execute.results import document_of, stored, text_of
from reconciler.app.execute.spec import Room, check_disk, dispatch
from reconciler.errors import Denied, StateError, UsageError
from reconciler.model.names import Kind, Ref
from reconciler.model.resources import NetworkMode
from reconciler.model.run import MIB, Artifact, Ending, InputFile, Receipt, RunRequest, RunResult, Times
from reconciler.model.tenancy import Caller
from tests.engine.worlds import build
from tests.execute.programs import SHELL

if TYPE_CHECKING:
    from reconciler.model.resources import Desired

PLAIN = RunRequest("a" * 32, b"echo hi", "sh")
BAD: list[tuple[dict[str, Any], str]] = [
    ({"seconds": 0}, "seconds: 0 is not from 1 to 900"),
    ({"seconds": 901}, "seconds: 901 is not"),
    ({"owner": ""}, "owner: it is not what"),
    ({"owner": "a" * 32 + "\n"}, "owner: it is not what"),
    ({"vcpu": 9}, "vcpu: 9 is not from 1 to 8"),
    ({"output": -1}, "output: -1 is not"),
    ({"accepts": 61.0}, "accepts: 61.0 is not"),
    ({"accepts": float("nan")}, "accepts: nan is not"),
    ({"code": b"x" * (MOST_CODE + 1)}, "code: bytes"),
    ({"args": ("a\0b",)}, "args: it holds a NUL"),
    ({"args": ("\udc80",)}, "args: it is not Unicode text"),
    ({"args": ("x" * 50_000,)}, "bytes: 5"),
    ({"args": ("x",) * 600}, "more than 512"),
    ({"environment": (("1A", "x"),)}, "environment: '1A' is no name"),
    ({"environment": (("A", "x\0"),)}, "environment.A: it holds a NUL"),
    ({"files": (InputFile("../x", b""),)}, "files: C23"),
    ({"files": (InputFile("/x", b""),)}, "files: C22"),
    ({"files": (InputFile("x", b""), InputFile("x", b""))}, "files: C25"),
    ({"files": tuple(InputFile(f"f{number}", b"") for number in range(257))}, "files: number"),
]


@pytest.fixture(scope="module")
def desired() -> Desired:
    return build({"hosts": {"h1": {}}})[0]


@pytest.mark.parametrize(("change", "told"), BAD, ids=[told for _, told in BAD])
def test_each_limit_is_one_clear_error(change: dict[str, Any], told: str) -> None:
    check(PLAIN)
    with pytest.raises(UsageError) as refused:
        check(replace(PLAIN, **change))
    assert told in refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize(("files", "field"), [((), "code"), ((InputFile("x", b"x" * 4096),), "files")])
def test_what_the_disk_of_a_run_does_not_hold_is_refused(files: tuple[InputFile, ...], field: str) -> None:
    room = Room(memory=16 * MIB)
    most = 8 * MIB - sum(len(file.data) for file in files)
    check_disk(replace(PLAIN, code=b"#" * most, files=files), room)
    with pytest.raises(UsageError, match=f"^{field}: bytes: {8 * MIB + 1} .* holds {8 * MIB},"):
        check_disk(replace(PLAIN, code=b"#" * (most + 1), files=files), room)


def test_what_its_owner_wrote_is_in_no_repr_for_it_may_be_a_secret() -> None:
    asked = replace(
        PLAIN,
        code=b"s3cret",
        file_name="s3cret.sh",
        args=("s3cret",),
        stdin=b"s3cret",
        environment=(("TOKEN", "s3cret"),),
        files=(InputFile("x", b"s3cret"),),
    )
    result = RunResult(Ending.FINISHED, "sh", Receipt("", ""), stdout=b"s3cret", stderr=b"s3cret", artifacts=(Artifact("x", b"s3cret"),))
    said = dispatch(asked, SHELL, Room())
    assert "s3cret" in str(said.document)
    shown = [repr(value) for value in (asked, *asked.files, said, result, *result.artifacts)]
    assert not [text for text in shown if "s3cret" in text or "TOKEN" in text]


def test_whose_a_run_is(desired: Desired) -> None:
    (key,) = desired.keys
    mine = owner_of(Caller(operator="ann@desk"), desired)
    assert len(mine) == 32
    assert mine == owner_of(Caller(operator="ann@desk"), desired)
    assert len({mine, owner_of(Caller(operator="bob@desk"), desired), owner_of(Caller(key=key.public_id), desired)}) == 3
    expired = replace(desired, keys=(replace(key, valid_until="2001-01-01T00:00:00Z"),))
    for caller, world, code in (
        (Caller(), desired, "A01"),
        (Caller(key=key.public_id, operator="ann@desk"), desired, "A01"),
        (Caller(operator="root@desk"), desired, "A15"),
        (Caller(key="unsb-pk-none-none-none-none"), desired, "A02"),
        (Caller(key=key.public_id), expired, "A03"),
        (Caller(key=key.public_id), replace(desired, keys=(replace(key, valid_until="soon"),)), "A03"),
    ):
        with pytest.raises(Denied) as refused:
            owner_of(caller, world)
        assert (refused.value.rule, refused.value.http_status) == (code, 401)


def test_what_makes_a_request_another() -> None:
    changes: list[dict[str, Any]] = [
        {"code": b"x"}, {"language": "awk"}, {"args": ("x",)}, {"stdin": b"x"}, {"environment": (("A", "b"),)}, {"seconds": 2},
        {"files": (InputFile("x", b"y"),)}, {"network": NetworkMode.SEMITRUSTED}, {"artifacts": True}, {"pool": "p"},
        {"vcpu": 2}, {"output": 1},
    ]  # fmt: skip
    digests = {digest_of(PLAIN), *(digest_of(replace(PLAIN, **change)) for change in changes)}
    assert len(digests) == len(changes) + 1
    # How long somebody waits, and who asks, is not what is asked for.
    assert digest_of(replace(PLAIN, accepts=1.0, owner="b" * 32)) == digest_of(PLAIN)
    secret = replace(PLAIN, code=b"hunter2", stdin=b"hunter2", environment=(("TOKEN", "hunter2"),), args=("hunter2",))
    assert "hunter2" not in summary_of(secret, "sh")


@given(st.binary(), st.binary(), st.one_of(st.none(), st.integers(0, 255)), st.sampled_from(Ending))
def test_a_result_is_stored_as_it_was(out: bytes, err: bytes, code: int | None, ending: Ending) -> None:
    result = RunResult(
        ending, "sh", Receipt("a", "b", agrees=True, doubts=("it spoke",)), exit_code=code, signal=None if code is not None else 9,
        stdout=out, stderr=err, truncated=("stdout",), artifacts=(Artifact("a/b", err),), refused=(("c", "why"),),
        times=Times(1.5, 0.25), cpu=0.5, peak=7, cell=Ref(Kind.CELL, "box-0"), host="h1",
    )  # fmt: skip
    assert stored(text_of(document_of(result))) == result


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"ending": "soon"}', "null"])
def test_what_is_stored_and_no_result_is_an_error(text: str) -> None:
    with pytest.raises(StateError, match="cannot be read"):
        stored(text)
