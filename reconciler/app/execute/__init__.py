"""Runs: code that comes in, a warm cell that executes it, and what came of it.

Belongs here: checking a request, having a cell, speaking with its runner, stored runs. Never here: who may have which cell (``policy``),
how bytes reach a host (``lxd``), what stands between two runs (``runner``).
"""
