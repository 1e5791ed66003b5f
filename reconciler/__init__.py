"""unsandbox: an infrastructure-as-code control plane for LXD.

Belongs here: the rooms drawn in ``reconciler/README.md``, each with a charter of its own. Never here: code in this file.
Imports go one way: cli and api, app, then lxd, store and ingress, then engine, policy and manifest, then model, then errors.
"""
