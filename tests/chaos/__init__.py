"""Faults at every step boundary of the real command, on three real daemons: what must hold while everything else breaks.

Belongs here: faults, the edits they strike, and the checks after each, which read LXD and the journal's file by themselves. Never here:
a decision of the program asked for its own opinion, beyond the exit status and the refusals that a user would read.
"""
