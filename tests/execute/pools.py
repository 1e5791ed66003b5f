"""A repository with one pool of cells that have a shell, an awk and a Python in them, on one host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.execute import is_spent
from tests.e2e.fleet import HEAD, Fleet, Ran

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

ROW = """\
- name: {name}
  title: {name}
  extensions: [.{name}]
  shebangs: [{name}]
  source: main.{name}
  run: [{run}]
  packages: {{debian: [{name}]}}
  version: [{name}, --version]
  time: quick
  memory: small
"""
RUNS = {"awk": "awk, -f, main.awk, --", "python": "python3, main.python", "sh": "sh, main.sh"}


class Stocked(Fleet):
    """A fleet whose image holds the languages of ``RUNS``. Each stock is a pool of its own, ``pool`` the last one."""

    box = ""
    disk = "512MiB"
    stocks = 0
    runs: Mapping[str, str] = RUNS

    def stock(self, cells: int, spec: str = "") -> None:
        """Declare another pool of so many cells, and have them made."""
        self.stocks += 1
        self.box = f"box{self.stocks}"
        self.write("images/languages.yaml", "".join(ROW.format(name=name, run=run) for name, run in self.runs.items()))
        self.write(
            "manifests/base.yaml",
            HEAD.format(kind="Tier", name="small")
            + f"  {{vcpu: 1, memory: 256MiB, disk: {self.disk}, processes: 200}}\n---\n"
            + HEAD.format(kind="Image", name="starter")
            + f"  {{alias: starter, languages: [{', '.join(self.runs)}], fingerprint: {self.starter.fingerprint},"
            + " file: manifests/files/starter.tar.gz}\n",
        )
        self.pool(self.box, f"size: {cells}{', ' + spec if spec else ''}")
        self.run("apply", "--yes")

    def execute(self, *arguments: str, expect: int | None = 0, actor: str = "tester@lab") -> Ran:
        """``unsandbox exec`` in a cell of the pool."""
        return self.run("--actor", actor, "exec", "--pool", self.box, *arguments, expect=expect)

    def marks(self) -> dict[str, str]:
        """Name of each cell of the pool -> its claim's mark, "" where it has none."""
        rows = {place.partition("/")[2]: row["config"].get("user.unsandbox.claim", "") for place, row in self.instances().items()}
        return {name: mark for name, mark in rows.items() if name.startswith(f"cell-{self.box}-")}

    def owners(self) -> list[str]:
        """Whose its cells are, sorted: "" of a cell that nobody has, ``spent`` of one that nobody has any more."""
        return sorted("spent" if is_spent(mark) else mark.partition(":")[2] for mark in self.marks().values())


def stocked(root: Path, daemon: Daemon, image: Starter) -> Stocked:
    """The repository, with nothing made yet."""
    made = Stocked(root, [daemon], image)
    made.set_up()
    return made
