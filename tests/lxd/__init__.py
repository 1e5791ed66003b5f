"""The door to LXD, held against the real daemon: every call of a plan, every error, and packets that do not arrive."""
