"""The real command, in an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

COMMAND = Path(sys.executable).with_name("unsandbox")

REPOSITORY = {
    "inventory/h1.yaml": "apiVersion: unsandbox/v1\nkind: Host\nmetadata: {name: h1}\n"
    "spec: {address: 'unix:/nonexistent/unix.socket', fingerprint: " + "a" * 64 + ", location: here}\n",
    "manifests/base.yaml": "apiVersion: unsandbox/v1\nkind: Tier\nmetadata: {name: small}\n"
    "spec: {vcpu: 1, memory: 64MiB, disk: 128MiB, processes: 64}\n---\n"
    "apiVersion: unsandbox/v1\nkind: Key\nmetadata: {name: team}\nspec: {publicId: unsb-pk-aaaa-bbbb-cccc-dddd, tier: small}\n---\n"
    "apiVersion: unsandbox/v1\nkind: Image\nmetadata: {name: starter}\nspec: {alias: starter, fingerprint: " + "b" * 64 + "}\n",
    "manifests/services.yaml": "apiVersion: unsandbox/v1\nkind: Service\nmetadata:\n  name: web\n"
    "spec: {owner: team, image: starter, env: {TOKEN: hunter2}}\n---\n"
    "apiVersion: unsandbox/v1\nkind: Service\nmetadata: {name: api}\nspec: {owner: team, image: starter}\n",
}
"""One host that nobody answers for, two services."""


@dataclass
class Shell:
    """Runs the command in ``root`` and hands back what came of it."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    """Words that start it."""

    def run(self, *arguments: str, code: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        """The command; with ``code`` a Python program in its place."""
        return subprocess.run(
            [*self.before, *([sys.executable, "-c", code] if code else [str(COMMAND)]), *arguments],
            cwd=self.root,
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def complete(self, *words: str, **environ: str) -> list[str]:
        """What bash would be offered after ``words``, the last of which is being typed."""
        told = {"_UNSANDBOX_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(("unsandbox", *words)), "COMP_CWORD": str(len(words))}
        return self.run(**told, **environ).stdout.split()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """An empty folder."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "LC_ALL"}}
    (tmp_path / "home").mkdir()
    (tmp_path / "repo").mkdir()
    return Shell(tmp_path / "repo", {**kept, "HOME": str(tmp_path / "home"), "UNSANDBOX_ACTOR": "tester@lab"})


@pytest.fixture
def repository(shell: Shell) -> Shell:
    """A folder with manifests whose host does not answer."""
    shell.write(REPOSITORY)
    return shell


def one_error(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The parts of the one error on standard error, which must be all there is."""
    first, *more = done.stderr.splitlines()
    assert first.startswith("error [")
    assert "Traceback" not in done.stderr
    code, _, message = first.removeprefix("error [").partition("]: ")
    return {"code": code, "message": message, "next": next((line.removeprefix("next: ") for line in more if line.startswith("next: ")), "")}
