"""A fake to look at: ``python -m tests.fake FOLDER`` listens on FOLDER/unix.socket and on TLS until it is interrupted."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from tests.fake.fake import Fake

if __name__ == "__main__":
    with Fake(Path(sys.argv[1])) as fake:
        print(f"{fake.socket}\n{fake.url} {fake.fingerprint}", flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
