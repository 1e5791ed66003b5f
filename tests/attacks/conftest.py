"""The container of the runner's tests."""

from tests.runner.conftest import cell, container

__all__ = ["cell", "container"]
