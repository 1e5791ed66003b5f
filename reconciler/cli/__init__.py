"""The terminal: Typer, one file a command; ``render.py`` is the only file that formats.

Belongs here: options, exit codes, prompts. Never here: a decision, a request, a rule.
"""
