"""``regrow check`` and ``regrow rule``: the linter's own command line, which needs no library."""

import click
from typing_extensions import override

from regrow.lint.command import main


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


check: click.Command = HandedThrough("check", help="Find what breaks a rule, in any Python code base.")
rule: click.Command = HandedThrough(
    "rule", help="Print what a rule finds, why that is bad, and what to write instead."
)
