"""``python -m docs.generate [--check]``: ``docs/reference/`` from the code; languages and attacks, in ``docs/``, from kept results."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from docs import attacks
from docs.pages import PAGES
from reconciler.app.spread.results import PAGE, page_text, read_results

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
MARK = "<!-- Written by `make docs` from the code. Changes go there. -->\n\n"


def stale(*, check: bool) -> list[Path]:
    """Bring every page up to date and give back those that differed; with ``check`` nothing is written."""
    differed = []
    texts = {REFERENCE / name: MARK + page() for name, page in PAGES.items()}
    for path, text in {**texts, ROOT / PAGE: page_text(read_results(ROOT)), ROOT / attacks.PAGE: attacks.page()}.items():
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        differed.append(path)
        if not check:
            REFERENCE.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return differed


def main(arguments: Sequence[str]) -> int:
    """0 where all is current or was written; 1 where ``--check`` found otherwise."""
    check = list(arguments) == ["--check"]
    if arguments and not check:
        sys.stderr.write(f"{__doc__}\n")
        return 1
    differed = stale(check=check)
    for path in differed:
        sys.stderr.write(f"{path.relative_to(ROOT)} {'is not current; next: make docs' if check else 'written'}\n")
    return 1 if check and differed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
