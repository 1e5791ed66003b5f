"""Images that are tried: what goes on, and the matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.cli.render.screen import Line, columns, duration

if TYPE_CHECKING:
    from reconciler.cli.render.screen import Screen
    from reconciler.model.trial import Trial, Tried

SHORT = 12
MIB = 1 << 20


class Teller:
    """Lines about work on images as it goes on; any thread may tell one."""

    def __init__(self, screen: Screen, *, each: bool) -> None:
        """``each``: whether every language is told, and not only one that failed."""
        self._screen = screen
        self._each = each

    def progress(self, host: str, what: Tried | str) -> None:
        """One thing that went on, on one host."""
        if isinstance(what, str):
            self._screen.tell([((f"{host}: " if host else "", "dim"), (what, ""))])
        elif self._each or not what.passed:
            self._screen.tell([((f"{host}: ", "dim"), *_language(what))])

    def note(self, text: str) -> None:
        """A line about the work as a whole."""
        self._screen.tell([((text, "warn"),)])

    def leave(self) -> None:
        """Nothing is drawn that would have to be taken away."""


def _language(tried: Tried) -> Line:
    if tried.passed:
        return ((f"{tried.language}  ", ""), ("passed", "good"), (f"  {tried.cold * 1000:.0f} ms", "dim"))
    told = tried.failed[0] if tried.failed else None
    return ((f"{tried.language}  ", ""), ("failed", "bad"), (f"  {told.check}: {told.why}" if told else "  nothing was judged", ""))


def trial_lines(trial: Trial) -> list[Line]:
    """The matrix: one row a language, then the whole."""
    head: Line = tuple((word, "dim") for word in ("LANGUAGE", "VERSION", "COLD MS", "PEAK MIB", "RESULT"))
    rows = [_matrix_row(tried) for tried in trial.languages]
    passed = sum(tried.passed for tried in trial.languages)
    counted = sum(tried.counts for tried in trial.languages)
    verdict = ("passed", "good") if trial.passed else ("failed", "bad")
    smoke = f"smoke test: {trial.smoke}; " if trial.smoke else ""
    whole: Line = (
        (f"{trial.image} {trial.fingerprint[:SHORT]} on {trial.host}: ", ""),
        verdict,
        (f": {smoke}{passed} of {len(rows)} languages, {counted} of them in every check; ready in {duration(trial.ready)}, ", ""),
        (f"all in {duration(trial.seconds)}", ""),
    )
    return [*(columns([head, *rows]) if rows else []), whole]


def _matrix_row(tried: Tried) -> Line:
    peak = "-" if tried.peak is None else str(-(-tried.peak // MIB))
    if tried.passed:
        without = f", without {', '.join(tried.excused)}" if tried.excused else ""
        result = (f"passed{without}", "warn" if tried.excused else "good")
    else:
        result = ("; ".join(f"{no.check}: {no.why}" for no in tried.failed[:2]) or "nothing was judged", "bad")
    return ((tried.language, ""), (tried.version or "-", "dim"), (f"{tried.cold * 1000:.0f}", ""), (peak, ""), result)


def trial_document(trial: Trial) -> dict[str, object]:
    """One trial as JSON values; times in seconds, sizes in bytes."""
    return {
        "image": trial.image,
        "fingerprint": trial.fingerprint,
        "host": trial.host,
        "passed": trial.passed,
        "smoke": trial.smoke,
        "seconds": round(trial.seconds, 3),
        "ready": round(trial.ready, 3),
        "languages": [
            {
                "name": tried.language,
                "version": tried.version,
                "cold": round(tried.cold, 3),
                "peak": tried.peak,
                "passed": tried.passed,
                "counts": tried.counts,
                "checks": {judgement.check.value: judgement.why for judgement in tried.judgements},
                "excused": list(tried.excused),
            }
            for tried in trial.languages
        ],
    }
