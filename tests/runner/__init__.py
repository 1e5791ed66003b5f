"""The runner: its language and its state machine by themselves, and its sandbox inside a real container."""
