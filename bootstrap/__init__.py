"""What raises a machine: packages, LXD, the first host, and the demonstration that goes from nothing to converged containers.

`genesis.py` is a pyinfra deploy and runs against any machine; `demo` runs it here, records what it made in `.demo-run/made.json` and can
take exactly that away again. Standard library only (pyinfra aside), and nothing of `reconciler`: `make demo-down` works without a virtual
environment.
"""
