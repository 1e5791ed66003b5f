"""The language of both ends: whatever is said comes back the same in any pieces, and anything else is refused."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.runner import frames
from reconciler.runner.frames import Broken, Decoder, Frame, encode

ANY = st.builds(Frame, st.sampled_from([bytes((kind,)) for kind in frames.TO_HOST]), st.integers(0, 2**32 - 1), st.binary(max_size=300))


@given(st.lists(ANY, max_size=8), st.integers(1, 50))
def test_frames_come_back_in_any_pieces(said: list[Frame], size: int) -> None:
    data = b"".join(encode(*frame) for frame in said)
    decoder = Decoder(frames.TO_HOST)
    heard = [frame for at in range(0, len(data), size) for frame in decoder.feed(data[at : at + size])]
    assert heard == said


@pytest.mark.parametrize(
    "data",
    [struct.pack("!I", 0), struct.pack("!I", 4), struct.pack("!I", frames.MOST + 1), b"\xff" * 9, struct.pack("!IBI", 5, ord("O"), 1)],
)
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(Broken):
        list(Decoder(frames.TO_RUNNER).feed(data))


def test_the_largest_frame() -> None:
    data = encode(frames.STDOUT, 1, b"x" * frames.PAYLOAD)
    assert len(data) == frames.MOST + 4
    assert [frame.payload for frame in Decoder(frames.TO_HOST).feed(data)] == [b"x" * frames.PAYLOAD]
    with pytest.raises(Broken):
        encode(frames.STDOUT, 1, b"x" * (frames.PAYLOAD + 1))
