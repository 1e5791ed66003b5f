"""unsandbox: an infrastructure-as-code control plane for LXD.

Belongs here: the rooms drawn in ``reconciler/README.md``, each with a charter of its own. Never here: code in this file.
Imports go one way: cli, app, then lxd and store, then files and engine, then policy and manifest, then model, then errors.
"""
