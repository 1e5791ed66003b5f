"""Runs through a link, in real containers and against runners that lie."""
