"""Looking again and again through doors that are kept."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from reconciler.app.settings import Settings
from reconciler.app.status import StatusReport
from reconciler.app.watching import Watching
from reconciler.errors import UnsandboxError
from tests.cli.conftest import REPOSITORY
from tests.fake.fake import Fake

INVENTORY = "inventory/h1.yaml"


def repository(root: Path, address: str, fingerprint: str) -> Settings:
    for name, text in REPOSITORY.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("unix:/nonexistent/unix.socket", address).replace("a" * 64, fingerprint))
    return Settings(root, root / ".unsandbox", root / "config")


def found(watching: Watching) -> StatusReport | UnsandboxError:
    end = time.monotonic() + 20
    while (one := watching.take()) is None:
        assert time.monotonic() < end
        time.sleep(0.02)
    return one


def grades(one: StatusReport | UnsandboxError) -> list[str]:
    assert isinstance(one, StatusReport)
    return [host.grade for host in one.hosts]


def test_it_looks_when_told_and_notices_a_host_that_moved(tmp_path: Path) -> None:
    with TemporaryDirectory(prefix="fake-") as folder, Fake(Path(folder)) as fake:
        settings = repository(tmp_path, f"unix:{fake.socket}", fake.fingerprint)
        entry = (tmp_path / INVENTORY).read_text()
        with Watching(settings, 3600) as watching:
            assert grades(found(watching)) == ["complete"]
            watching.again()
            assert grades(found(watching)) == ["complete"]
            # The door that is kept leads to where the host was.
            (tmp_path / INVENTORY).write_text(entry.replace(str(fake.socket), "/nonexistent/unix.socket"))
            watching.again()
            assert grades(found(watching)) == ["unseen"]
            (tmp_path / INVENTORY).write_text("kind: [")
            watching.again()
            assert isinstance(found(watching), UnsandboxError)
            (tmp_path / INVENTORY).write_text(entry)
            watching.again()
            assert grades(found(watching)) == ["complete"]
        assert not watching.busy
