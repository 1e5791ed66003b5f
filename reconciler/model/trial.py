"""What came of trying an image in a container: its smoke test, and each of its languages held to the contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.conformance import Judgement


@dataclass(frozen=True, slots=True)
class Tried:
    """One language in an image."""

    language: str
    title: str
    version: str
    """The first line that its version command gave; "" where it gave none."""
    cold: float
    """Seconds of its first program, compilation included, in a container that ran nothing of it before."""
    peak: int | None
    """Bytes that the largest of its processes held at most, over all its programs; None where that is not known."""
    judgements: tuple[Judgement, ...]
    excused: tuple[str, ...] = ()
    """Checks that the language cannot pass by its nature."""
    counts: bool = False
    """Whether it passed every check there is."""

    @property
    def failed(self) -> tuple[Judgement, ...]:
        """Checks that it should have passed and did not."""
        return tuple(judgement for judgement in self.judgements if not judgement.passed and judgement.check.value not in self.excused)

    @property
    def passed(self) -> bool:
        """Whether it keeps all of the contract that it can keep. One of which nothing was judged does not."""
        return bool(self.judgements) and not self.failed


@dataclass(frozen=True, slots=True)
class Trial:
    """One image on one host."""

    image: str
    fingerprint: str
    host: str
    seconds: float
    ready: float
    """Seconds from the start of its container until a command ran in it."""
    smoke: str
    """Why its smoke test failed; "" where it passed, or there is none."""
    languages: tuple[Tried, ...]

    @property
    def passed(self) -> bool:
        """Whether the image may be served."""
        return not self.smoke and all(tried.passed for tried in self.languages)

    @property
    def why(self) -> str:
        """What did not pass, in one sentence; "" where all did."""
        failed = [tried for tried in self.languages if not tried.passed]
        told = [f"smoke test: {self.smoke}"] if self.smoke else []
        told += [f"{tried.language}: {tried.failed[0].check}: {tried.failed[0].why}" for tried in failed[:3] if tried.failed]
        told += [f"and {len(failed) - 3} languages more"] if len(failed) > 3 else []  # noqa: PLR2004 - as many as are told
        return "; ".join(told)
