"""Rules about images on hosts: taking one away, serving one, and throwing away what a test left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.engine.refuse import images
from reconciler.model.rules import Rule

if TYPE_CHECKING:
    from reconciler.engine.refuse.images import AwayQuestion, LeftQuestion, MoveQuestion

AWAY_RULES: tuple[Rule[[AwayQuestion]], ...] = (
    Rule(
        "E01",
        "The host with the image was not seen in full",
        images.not_seen,
        "An instance that is out of sight may be made from it, and an image that only one of two lists tells of is not understood.",
    ),
    Rule(
        "E02",
        "The image is not ours",
        images.not_ours,
        "What we bring carries our marks. An image without them was brought by somebody else, for something that we do not know.",
    ),
    Rule("E03", "An alias points at the image", images.aliased, "It is what people get who ask for the image by its name."),
    Rule(
        "E04",
        "A manifest pins the image",
        images.pinned,
        "What is declared to be made from it could not be made, nor be made anew after a loss.",
    ),
    Rule(
        "E05",
        "Instances were made from the image",
        images.in_use,
        "They run without it, and could not be made a second time. Those that are stopped count, and those that are not ours.",
    ),
    Rule(
        "E06",
        "A rollback would go to the image",
        images.for_rollback,
        "The image that was served before the one that is served stays on the host, so that going back needs no build and no copy.",
    ),
    Rule(
        "E07",
        "The host of the image is at work",
        images.at_work,
        "An instance that is being made is not yet told of in full, and it may be one of this image.",
    ),
)
"""In order; the first no decides."""

LEFT_RULES: tuple[Rule[[LeftQuestion]], ...] = (
    Rule(
        "E08",
        "The container is not one that a test left",
        images.not_left_behind,
        "A test that was killed leaves its container. Only what carries the mark of a test, and stands for nothing else, is thrown away.",
    ),
)

MOVE_RULES: tuple[Rule[[MoveQuestion]], ...] = (
    Rule(
        "E09",
        "The image did not pass on this host",
        images.not_passed,
        "An alias moves on a host after the tests passed on that host, on its kernel and storage. Until then the image before serves.",
    ),
)

IMAGE_RULES = (*AWAY_RULES, *LEFT_RULES, *MOVE_RULES)
