"""Where the chart is deployed to: every environment, and the throwaway one before them."""

from __future__ import annotations

from ..kernel.config import Config

TESTFLIGHT = "testflight"


def places(config: Config) -> list[str]:
    """Return the names of all that have values of their own; empty without any environment."""
    if not config.environments:
        return []  # then nobody looks at the deployments
    return [*config.environments, *([TESTFLIGHT] if config.testflight else [])]


def root_of(config: Config, place: str) -> str:
    """Return a place's folder in the deployments repository."""
    if place == TESTFLIGHT and config.testflight:
        return config.testflight.root
    return config.environments[place].root


def namespace_of(config: Config, place: str) -> str:
    """Return the namespace that a place's release runs in; a testflight makes one up: ""."""
    return "" if place == TESTFLIGHT else config.environments[place].namespace
