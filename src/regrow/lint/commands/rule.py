"""``rule``: print what a rule is about."""

from __future__ import annotations

import argparse
from typing import Final, cast

from regrow.errors.lint import UnknownRule
from regrow.lint.console import Exit, show
from regrow.lint.registry import all_rules, page, summary
from regrow.lint.selection import nearest

DESCRIPTION: Final = "Print what a rule finds, why that is bad, and what to write instead."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("rule", nargs="?", metavar="RULE", help="its code or name")
    which.add_argument("--all", action="store_true", help="list all rules, a line each")


def run(arguments: argparse.Namespace) -> int:
    """Print one page, or a list of all rules."""
    rules = all_rules()
    if arguments.all:
        for rule in rules:
            show(f"{rule.code}  {rule.name}{'' if rule.default else '  (off by default)'}: {summary(rule)}")
        return Exit.CLEAN
    wanted = cast("str", arguments.rule)
    for rule in rules:
        if wanted.upper() == rule.code or wanted == rule.name:
            show(f"# {rule.code} {rule.name}\n\n{page(rule)}")
            return Exit.CLEAN
    raise UnknownRule(wanted, "rule", nearest(wanted, rules))
