"""Images on hosts: who holds what, and what may go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.cli.render.screen import Line, columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.app.spread.collect import Collected, Weighed
    from reconciler.app.spread.places import Place

SHORT = 12
MIB = 1 << 20


def place_lines(places: Sequence[Place], names: Sequence[str]) -> list[Line]:
    """What each host holds of the images of ``names``, and what else of ours."""
    head: Line = tuple((word, "dim") for word in ("HOST", "IMAGE", "FINGERPRINT", "SERVED AS", "USED BY"))
    rows: list[Line] = []
    for place in places:
        for image in place.held:
            if image.family in names or not names:
                used = place.used.get(image.fingerprint, 0)
                rows.append(
                    (
                        (place.host.name, "title"),
                        (image.family or "(not ours)", "" if image.family else "dim"),
                        (image.fingerprint[:SHORT], "dim"),
                        (", ".join(image.aliases) or "-", "good"),
                        (f"{used} instances" if used else "-", ""),
                    )
                )
    lines = columns([head, *rows]) if rows else [(("no host holds an image of ours", ""),)]
    blind = [((f"{place.host.name} was not seen in full: {place.why}", "warn"),) for place in places if place.why]
    return [*lines, *blind]


def place_documents(places: Sequence[Place]) -> list[dict[str, object]]:
    """What each host holds as JSON values."""
    return [
        {
            "host": place.host.name,
            "seen": not place.why,
            "why": place.why,
            "aliases": dict(place.aliases),
            "images": [
                {
                    "fingerprint": image.fingerprint,
                    "name": image.family,
                    "aliases": list(image.aliases),
                    "served": image.served,
                    "bytes": image.size,
                    "instances": place.used.get(image.fingerprint, 0),
                }
                for image in place.held
            ],
        }
        for place in places
    ]


def collected_lines(collected: Collected, *, acted: bool) -> list[Line]:
    """What goes and what stays, with the code that keeps it."""
    lines: list[Line] = []
    for weighed in collected.images:
        name = f"{weighed.image.family or '(not ours)'} {weighed.image.fingerprint[:SHORT]}"
        lines.append(((f"{weighed.host}: ", "title"), (f"{name}  ", ""), *_fate(weighed, acted=acted)))
    lines += [((f"{host} was not seen in full, so nothing goes there: {why}", "warn"),) for host, why in collected.unseen]
    freed = sum(weighed.image.size for weighed in collected.free if weighed.gone or not acted)
    count = sum(weighed.gone for weighed in collected.images) if acted else len(collected.free)
    told = "taken away" if acted else "may be taken away"
    lines.append(((f"{count} images {told}, {freed / MIB:.1f} MiB.", "title"),))
    return lines


def _fate(weighed: Weighed, *, acted: bool) -> Line:
    if weighed.no is not None:
        told = "; ".join(f"{name}: {value}" for name, value in weighed.no.evidence)
        return (("stays", "good"), (f": {weighed.code}: {weighed.no.cause} ({told})", ""))
    if weighed.failed:
        return (("is still there", "bad"), (f": {weighed.failed}", ""))
    return (("gone" if acted else "may go", "warn"),)


def collected_document(collected: Collected) -> dict[str, object]:
    """The same as JSON values."""
    rows = [
        {
            "host": weighed.host,
            "fingerprint": weighed.image.fingerprint,
            "name": weighed.image.family,
            "bytes": weighed.image.size,
            "code": weighed.code,
            "cause": weighed.no.cause if weighed.no else "",
            "unblock": weighed.no.unblock if weighed.no else "",
            "gone": weighed.gone,
            "failed": weighed.failed,
        }
        for weighed in collected.images
    ]
    return {"images": rows, "unseen": [{"host": host, "why": why} for host, why in collected.unseen]}
