"""``audit``: what a test suite's isolation is worth."""

from __future__ import annotations

import argparse
from typing import Final, cast

from regrow.lint.audit.formats import FORMATS
from regrow.lint.audit.model import WHOLE
from regrow.lint.audit.run import audit_paths
from regrow.lint.commands import options
from regrow.lint.console import Exit, say, show, take_any_name

DESCRIPTION: Final = """\
Audit a test suite: its isolation, sleeps, shared and forgotten processes, private state read, reruns, and
async tests without a time-out; with a score per file and one for all. Exit code 0: the score is what it has
to be; 1: it is less; 2: wrong arguments or settings, or no tests; 101: a bug of ours."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    options.add_paths(parser)
    options.add_rules(parser)
    add = parser.add_argument
    add("--format", choices=FORMATS, default="text", help="what the report looks like (default: text)")
    help_ = "the score that is enough, 0 to 100 (default: the setting audit-min, or 100: no problem at all)"
    add("--min", type=_score, metavar="SCORE", help=help_)


def run(arguments: argparse.Namespace) -> int:
    """Audit the tests among the files."""
    configuration = options.configuration(arguments)
    audit = audit_paths(options.paths(arguments), configuration, limit=cast("int | None", arguments.min))
    take_any_name()
    for line in FORMATS[cast("str", arguments.format)](audit):
        show(line)
    for failure in audit.failures:
        say(f"{failure}\n  at {failure.place}")
    if audit.slack:
        say(f"the suite is better than audit-min says: set audit-min = {audit.score}, so that it stays so")
    if audit.failures:
        return Exit.OUR_BUG
    return Exit.CLEAN if audit.passed else Exit.FINDINGS


def _score(text: str) -> int:
    if text.isdecimal() and int(text) <= WHOLE:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} has to be a number from 0 to {WHOLE}")  # noqa: TRY003  # argparse's
