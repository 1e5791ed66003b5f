"""The fake ends though somebody is in the middle of something with it."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.fake.fake import Fake

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 20.0


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01"], ids=["nothing", "half a greeting"])
def test_a_client_that_connects_and_shakes_no_hands_keeps_nobody_from_ending(tmp_path: Path, said: bytes) -> None:
    fake = Fake(tmp_path / "h", "h").listen(tls=True)
    place = urlsplit(fake.url)
    with socket.create_connection((place.hostname or "", place.port or 0)) as client:
        client.sendall(said)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not any(thread.name.endswith("(process_request_thread)") for thread in threading.enumerate()):
            time.sleep(0.01)
        ending = threading.Thread(target=fake.close, daemon=True)
        ending.start()
        ending.join(PATIENCE)
        assert not ending.is_alive()
