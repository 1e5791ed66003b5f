"""The decisions about change: spec, diff, guard, plan, recover, explain. Pure: values in (time too), values out.

Belongs here: what would be done to the world and what is refused. Never here: I/O, a clock, randomness, a client.
"""
