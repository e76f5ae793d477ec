"""The same stations as the journeys start from."""

from tests.journeys.conftest import _tidy, at, clone, stations

__all__ = ["_tidy", "at", "clone", "stations"]
