"""What doctor makes of a host's proxy: whether semitrusted runs have a way out there, and why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.app.checks import FAIL, OK, UNKNOWN, WARN, Check
from reconciler.engine.warm import UNBLOCK, Place, proxies_of, why_shut
from reconciler.model.rules import Rule, ask
from reconciler.model.world import Grade

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.model.resources import Desired, Host
    from reconciler.model.world import HostView

NAME = "way out"
_SHUT = Rule("C46", "The proxy of the host is not known to stand", why_shut)


def proxy_check(host: Host, desired: Desired, view: HostView, at: datetime) -> Check:
    """Whether its proxy stands as the policy says. Whether it answers is what its own probe tells, see ``status``."""
    if desired.policy.proxy is None:
        return Check(NAME, host.name, OK, "the policy names no proxy: semitrusted runs are refused")
    proxy = proxies_of(desired).get(host.name)
    if view.grade is not Grade.COMPLETE:
        return Check(NAME, host.name, UNKNOWN, "the host was not seen in full", "unsandbox status")
    no = ask(_SHUT, UNBLOCK, Place(host, view, desired.policy, at), proxy)
    if no is None and proxy is not None:
        return Check(NAME, host.name, OK, f"{proxy.ref} runs as the policy says")
    if no is None or proxy is None:
        finding = "no Service with network: proxy is declared for it: semitrusted runs get no cell there"
        return Check(NAME, host.name, WARN, finding, "see docs/execute.md")
    told = "; ".join(f"{name}: {value}" for name, value in no.evidence)
    return Check(NAME, host.name, FAIL, f"{no.cause} ({told})", no.unblock)
