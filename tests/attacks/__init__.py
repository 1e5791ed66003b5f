"""Attacks: each one is tried where it must fail, and the same one where it must succeed, which shows that the test can fail."""
