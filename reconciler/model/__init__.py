"""The values every other room speaks in: names, resources, the observed world, changes, plans, records.

Belongs here: frozen dataclasses and enums, and pure questions about one value. Never here: I/O, a clock, a third-party import.
May be imported by every room; imports only ``reconciler.errors`` and the standard library.
"""
