"""A permit for tests that make single calls: they are alone on a daemon of their own, so there is nobody a lease would hold off."""

from __future__ import annotations

from reconciler.lxd.permit import Narrow

ALONE = Narrow("a test on a daemon of its own", tuple((method, "/") for method in ("POST", "PUT", "PATCH", "DELETE")))
