"""People with keys of their own, and a repository that they commit to. Real git, real ssh-keygen."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.app.test_repository import git

if TYPE_CHECKING:
    from pathlib import Path

TIER = "apiVersion: unsandbox/v1\nkind: Tier\nmetadata: {name: small}\nspec: {vcpu: 1, memory: 64MiB, disk: 128MiB, processes: %d}\n"
POLICY = "apiVersion: unsandbox/v1\nkind: Policy\nmetadata: {name: fleet}\nspec: {signatures: '%s'}\n"


@dataclass
class People:
    """``folder`` holds their keys and the file of signers."""

    folder: Path
    trusted: list[str] = field(default_factory=list)

    @property
    def signers(self) -> Path:
        return self.folder / "signers"

    def key(self, name: str) -> Path:
        path = self.folder / name
        if not path.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path], check=True)
        return path

    def trust(self, *names: str, options: str = "") -> None:
        lines = [f"{name}@example {options} {self.key(name).with_suffix('.pub').read_text()}" for name in names]
        self.signers.write_text("".join(lines))
        self.signers.chmod(0o600)


@dataclass
class Upstream:
    """A repository that people push to."""

    root: Path
    people: People
    count: int = 100

    def __post_init__(self) -> None:
        (self.root / "manifests").mkdir(parents=True)
        git(self.root, "init", "-q", "-b", "main")
        git(self.root, "config", "gpg.format", "ssh")

    def commit(self, by: str = "", policy: str = "") -> str:
        """One more commit, signed ``by`` somebody, or by nobody; ``policy`` says what it asks for signatures."""
        self.count += 1
        (self.root / "manifests" / "tier.yaml").write_text(TIER % self.count)
        if policy:
            (self.root / "manifests" / "policy.yaml").write_text(POLICY % policy)
        git(self.root, "add", ".")
        sign = ["-c", f"user.signingKey={self.people.key(by)}"] if by else []
        git(self.root, *sign, "commit", "-qm", str(self.count), *(["-S"] if by else []))
        return git(self.root, "rev-parse", "HEAD")
