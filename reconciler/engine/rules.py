"""The guard's rules, in order. The first that says no decides; without a rule in favour the answer is no as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.engine.asked import ALL
from reconciler.engine.table.health import HEALTH
from reconciler.engine.table.identity import IDENTITY
from reconciler.engine.table.life import LIFE
from reconciler.engine.table.meaning import MEANING
from reconciler.engine.table.modes import MODES
from reconciler.engine.table.rollout import ROLLOUT
from reconciler.engine.table.seeing import SEEING

if TYPE_CHECKING:
    from reconciler.engine.asked import GuardRule

ALLOWED = ALL
"""Actions that are allowed where every rule below was asked and none said no. An action that is not here is refused."""

RULES: tuple[GuardRule, ...] = (*SEEING, *MEANING, *IDENTITY, *LIFE, *HEALTH, *MODES, *ROLLOUT)
"""The order is the meaning: what cannot be seen comes before what is meant, that before what it is, and that before what may be done;
whether what failed is started again, and whether anything may be done comes after, and whose turn it is last."""
