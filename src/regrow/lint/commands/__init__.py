"""The commands: each a module with ``add_arguments`` and ``run``, imported when it is asked for."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import Final, Protocol, cast

COMMANDS: Final = {
    "audit": "Audit a test suite: isolation, sleeps, shared processes, with a score.",
    "baseline": "Hold the number of findings down: write, check, tighten, explain.",
    "check": "Find what breaks a rule, in any Python code base.",
    "fix": "Mend what rules know how to mend.",
    "migrate": "Move a code base to supervised code, step by step.",
    "rule": "Print what a rule finds, why that is bad, and what to write instead.",
}
"""What each does, in one line."""


class Command(Protocol):
    """What a module of a command has."""

    DESCRIPTION: str
    """What its help says, above its arguments."""

    add_arguments: Callable[[argparse.ArgumentParser], None]
    """Says what it takes."""
    run: Callable[[argparse.Namespace], int]
    """Does it, and returns the exit code."""


def command(name: str) -> Command:
    """The module of a command."""
    return cast("Command", import_module(f"{__name__}.{name}"))
