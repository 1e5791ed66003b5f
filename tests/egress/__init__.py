"""Belongs here: the proxy of semitrusted containers, tried against a world of its own in network namespaces."""
