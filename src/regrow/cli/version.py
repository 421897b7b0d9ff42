"""``regrow version``."""

import platform

import click

import regrow
from regrow.cli.output import json_option, print_json


@click.command()
@json_option
def version(*, as_json: bool) -> None:
    """Print the version."""
    if as_json:
        print_json({"regrow": regrow.__version__, "python": platform.python_version()}, schema=1)
    else:
        click.echo(f"regrow {regrow.__version__}")
