"""Tests of the whole project. One folder a room; `lab` raises the real LXD daemons the others are run against."""
