"""Testing an image on one host: brought there if it is not, tried, and its alias left where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.app.doors import Doors
from reconciler.app.repository import load_desired
from reconciler.app.spread.crowd import crowd
from reconciler.app.spread.subject import built_of, file_of, subject_of
from reconciler.app.spread.trial import try_image
from reconciler.app.spread.writes import Writes
from reconciler.app.writer import writing
from reconciler.errors import Unreachable
from reconciler.model.images import image_marks
from reconciler.model.plan import ImportImage
from reconciler.store.journal import FILE_NAME, Journal

if TYPE_CHECKING:
    import threading

    from reconciler.app.settings import Settings
    from reconciler.app.spread.trial import Progress
    from reconciler.lxd.connect import Door
    from reconciler.model.resources import Host
    from reconciler.model.trial import Trial


def run_test(settings: Settings, name: str, host: str, languages: tuple[str, ...], progress: Progress, stop: threading.Event) -> Trial:
    """Try the image that was built last on ``host``, or on the first active one that answers; of it only ``languages``, if any.

    Raises ``UsageError``, ``ManifestError``, ``LeaseHeld``, ``StateError``, ``TrialStopped`` or a ``HostError``.
    """
    desired = load_desired(settings)
    built = built_of(settings, name)
    subject = subject_of(settings, built, languages)
    with Doors(settings) as doors:
        picked = _first_that_answers(doors, crowd(desired, (host,) if host else ()))
        env = desired.policy.environment

        def tell(text: str) -> None:
            progress(picked.name, text)

        with writing(settings, doors, (picked,), env, tell), Journal(settings.state_dir / FILE_NAME) as journal:
            writes = Writes(settings, journal, name, desired.commit.id)
            door: Door = doors.open(picked)
            call = ImportImage(built.fingerprint, "", file_of(built), "", image_marks(env, name))
            if writes.make(door, call) != "held":
                tell("the image came from the file")
            return try_image(door, writes, subject, progress, stop)


def _first_that_answers(doors: Doors, hosts: tuple[Host, ...]) -> Host:
    """Raises ``Unreachable`` with what the last of them said."""
    for host in hosts[:-1]:
        try:
            doors.open(host)
        except Unreachable:
            continue
        return host
    doors.open(hosts[-1])
    return hosts[-1]
