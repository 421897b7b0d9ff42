"""The linter's own command line, which needs no library, as commands of ``regrow``."""

import click
from typing_extensions import override

from regrow.lint.command import main
from regrow.lint.commands import COMMANDS


class HandedThrough(click.Command):
    """A command whose arguments, ``--help`` among them, are read elsewhere."""

    @override
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Leave the arguments as they are."""
        ctx.args = list(args)
        return ctx.args

    @override
    def invoke(self, ctx: click.Context) -> int:
        """Run it, and hand back its exit code."""
        return main([str(self.name), *ctx.args], prog="regrow")


def _handed_through(name: str) -> click.Command:
    return HandedThrough(name, help=COMMANDS[name])


audit: click.Command = _handed_through("audit")
baseline: click.Command = _handed_through("baseline")
check: click.Command = _handed_through("check")
fix: click.Command = _handed_through("fix")
migrate: click.Command = _handed_through("migrate")
rule: click.Command = _handed_through("rule")
