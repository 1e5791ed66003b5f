"""Tests of what raises a machine: the starter image, the packages, genesis and the demonstration."""
