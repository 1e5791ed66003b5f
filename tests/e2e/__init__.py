"""The whole program through its real command, on real daemons.

Belongs here: what a user would see happen. Never here: imports of the program's rooms, beyond what a user could read in its documentation.
"""
