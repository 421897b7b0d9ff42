"""The written scenarios, grouped by theme: one module per theme, each with a tuple ``SCENARIOS``."""

from __future__ import annotations

import importlib
import pkgutil

from tests.conformance.model import Scenario

THEMES = tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


def written() -> dict[str, Scenario]:
    """All written scenarios by name (``theme/what_it_shows``), in a fixed order."""
    found: dict[str, Scenario] = {}
    for theme in THEMES:
        for scenario in importlib.import_module(f"{__name__}.{theme}").SCENARIOS:
            if scenario.name in found or not scenario.name.startswith(f"{theme}/"):
                raise ValueError(f"scenario name {scenario.name!r}: used twice or not of theme {theme!r}")
            found[scenario.name] = scenario
    return found
