"""URLs and branches as they were typed: what may be handed to git, and what of them may be shown."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from reconciler.errors import GitError

LONGEST = 1000
BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+=@-]{0,199}")
SCHEMES = frozenset({"https", "ssh", "file"})
"""What git may speak. Over http and git anybody on the way could put in another text; ext would run a command."""
ALLOWED = ":".join(sorted(SCHEMES))
_LIKE_SCP = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*@)?[A-Za-z0-9_][A-Za-z0-9_.-]*:[^:]+")
_CREDENTIALS = re.compile(r"(?<=://)[^/\s'\"]*@")
SEEN = "a user or password in a URL is seen in every list of processes"


def checked_url(url: str) -> str:
    """The URL, where git may be given it. Raises ``GitError``, which shows no secret."""
    shown = hidden(url)
    if not url or len(url) > LONGEST or url.startswith("-") or not url.isprintable():
        raise GitError(f"{shown!r} is not the URL of a repository", hint="unsandbox run --git https://HOST/REPOSITORY.git")
    if "://" not in url:
        if _LIKE_SCP.fullmatch(url) or url.startswith(("/", "./", "../")):
            return url
        raise GitError(f"{shown!r} is neither a URL nor a path that begins with / or .", hint=f"unsandbox run --git ./{shown}")
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise GitError(f"{shown}: over {parts.scheme} it is not certain whose text comes", hint="use https, ssh or a path")
    if (parts.scheme != "ssh" and "@" in parts.netloc) or parts.password is not None:
        raise GitError(f"{shown}: {SEEN}", hint="git config --global credential.helper store, or a deploy key over ssh")
    if (parts.hostname or "").startswith("-") or (parts.username or "").startswith("-"):
        raise GitError(f"{shown!r} is not the URL of a repository", hint="unsandbox run --git https://HOST/REPOSITORY.git")
    return url


def checked_branch(branch: str) -> str:
    """The branch's name, where it can be nothing else. Raises ``GitError``."""
    parts = branch.split("/")
    odd = any(not part or part.startswith(".") or part.endswith((".", ".lock")) for part in parts)
    if not BRANCH.fullmatch(branch) or odd or ".." in branch or "@{" in branch:
        raise GitError(f"{branch!r} is not the name of a branch", hint="unsandbox run --git URL --branch main")
    return branch


def local_path(url: str) -> Path | None:
    """Where the repository lies on this machine; None where it lies elsewhere."""
    if url.startswith("file://"):
        return Path(unquote(urlsplit(url).path))
    return Path(url) if url.startswith(("/", "./", "../")) else None


def hidden(text: str) -> str:
    """The text without whatever stands before a host in a URL."""
    return _CREDENTIALS.sub("***@", text)
