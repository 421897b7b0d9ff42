"""What commands share about printing: JSON for programs, plain lines for people."""

import json
from collections.abc import Callable, Mapping
from typing import TypeVar

import click
from rich.console import Console
from typing_extensions import override

F = TypeVar("F", bound=Callable[..., object])


def json_option(function: F) -> F:
    """Add ``--json``, which every command that reads has."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, stable and versioned.")(function)


def print_json(document: Mapping[str, object], *, schema: int) -> None:
    """Print a document.

    Args:
        document: What to print.
        schema: The version of the document's shape; it changes when a field changes its meaning or goes.
    """
    click.echo(json.dumps({"schema": schema, **document}, indent=2))


class PipeConsole(Console):
    """A console that leaves a closed pipe to the command, like every other writer."""

    @override
    def on_broken_pipe(self) -> None:
        """Raise; rich would exit with 1, "findings"."""
        raise BrokenPipeError


def console() -> Console:
    """Make a console: colour only on a terminal and without ``NO_COLOR``, and no wrapped lines in a pipe."""
    return PipeConsole(highlight=False, soft_wrap=True)
