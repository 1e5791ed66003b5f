"""The matrix: what came of the last full test of an image, in a file that is committed, and the page that is made of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from reconciler.errors import StateError
from reconciler.files import AS_UMASK, read_json, write_over

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.model.recipe import Built
    from reconciler.model.trial import Trial, Tried

RESULTS = "images/conformance/results.json"
PAGE = "docs/languages.md"
MOST = 4 << 20
MIB = 1 << 20
FORMAT = "unsandbox/languages/v1"


def results_document(trial: Trial, built: Built) -> dict[str, object]:
    """What is kept of a test: nothing of the host but what it measured."""
    return {
        "format": FORMAT,
        "image": trial.image,
        "recipe": built.recipe,
        "content": built.content,
        "fingerprint": trial.fingerprint,
        "architecture": built.architecture,
        "ready_ms": round(trial.ready * 1000),
        "counts": sum(tried.counts for tried in trial.languages),
        "languages": [_row(tried) for tried in trial.languages],
    }


def _row(tried: Tried) -> dict[str, object]:
    return {
        "name": tried.language,
        "title": tried.title,
        "version": tried.version,
        "cold_ms": round(tried.cold * 1000),
        "peak_mib": None if tried.peak is None else -(-tried.peak // MIB),
        "counts": tried.counts,
        "excused": list(tried.excused),
        "failed": {judgement.check.value: judgement.why for judgement in tried.failed},
        "checks": len(tried.judgements),
    }


def write_results(root: Path, trial: Trial, built: Built) -> tuple[str, ...]:
    """Write the results, and the page if the repository has a folder for it; their paths. Raises ``StateError``."""
    document = results_document(trial, built)
    texts = {RESULTS: json.dumps(document, indent=1, ensure_ascii=False) + "\n"}
    if (root / PAGE).parent.is_dir():
        texts[PAGE] = page_text(document)
    for name, text in texts.items():
        try:
            write_over(root / name, text, mode=AS_UMASK)
        except OSError as error:
            raise StateError(f"{root / name} cannot be written: {error.strerror}", hint=f"ls -ld {(root / name).parent}") from error
    return tuple(texts)


def read_results(root: Path) -> dict[str, Any] | None:
    """The results as they are kept; None where no test was written down. Raises ``UsageError``."""
    path = root / RESULTS
    if not path.is_file():
        return None
    return read_json(path, "file of results", most=MOST, hint="unsandbox images test NAME --write")[1]


def page_text(document: dict[str, Any] | None) -> str:
    """The page, from nothing but the results."""
    head = (
        "# Languages\n\n<!-- Written by `unsandbox images test NAME --write` and `make docs` from images/conformance/results.json. -->\n\n"
    )
    if document is None:
        return f"{head}No image was tested yet: `unsandbox images test golden --write`.\n"
    rows: list[dict[str, Any]] = document["languages"]
    text = (
        f"{head}{document['counts']} of {len(rows)} languages pass every check in a container of `{document['image']}`.\n"
        f"To repeat it: `unsandbox images test {document['image']} --write`.\n\n"
        "| language | version | cold ms | peak MiB | result |\n| --- | --- | --- | --- | --- |\n"
    )
    text += "".join(_line(row) for row in rows)
    digests = ", ".join(f"{key} `{document[key][:12] or '-'}`" for key in ("recipe", "content", "fingerprint"))
    return text + (
        "\nCold is the first program of the language in a container that ran nothing of it before, compilation included; the host may\n"
        "have read the files already. Peak is of the largest single process over all programs, `-` where nothing measures it.\n"
        f"The image: {digests}, {document['architecture']}. Its container took {document['ready_ms']} ms from its start until a command\n"
        "ran in it. What is checked: [images.md](images.md).\n"
    )


def _line(row: dict[str, Any]) -> str:
    peak = "-" if row["peak_mib"] is None else row["peak_mib"]
    excused = f", without {', '.join(row['excused'])}" if row["excused"] else ""
    result = f"failed: {', '.join(row['failed'])}" if row["failed"] else f"{row['checks'] - len(row['excused'])} checks{excused}"
    version = str(row["version"] or "-").replace("|", "\\|")
    return f"| {row['title']} (`{row['name']}`) | {version} | {row['cold_ms']} | {peak} | {result} |\n"
