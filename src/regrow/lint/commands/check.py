"""``check``: find what breaks a rule."""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast

from regrow.lint.commands import options
from regrow.lint.configuration import Configuration
from regrow.lint.console import Exit, counted, say, show_all, standard_input, take_any_name
from regrow.lint.discovery import absolute, source
from regrow.lint.formats import FORMATS, rendered
from regrow.lint.run import Report, check_text

DESCRIPTION: Final = """\
Find what breaks a rule. Exit code 0: nothing found; 1: something found, or a file that couldn't be read;
2: wrong arguments or settings, no files, or no rules; 101: a bug of ours."""

_NEWS: Final = frozenset({"github", "markdown", "sarif"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    options.add_paths(parser)
    options.add_rules(parser)
    add = parser.add_argument
    add("--format", choices=FORMATS, default="concise", help="what findings look like (default: concise)")
    add("--statistics", action="store_true", help="how many findings there are of each rule, nothing else")
    options.add_work(parser)
    add("--check-config", action="store_true", help="say what would be used, and what may be wrong with it")
    add("--stdin-filename", type=Path, metavar="FILE", help="check the standard input, which is this file")


def run(arguments: argparse.Namespace) -> int:
    """Check files, or what an editor hands over."""
    if options.has_two_inputs(arguments):
        return Exit.BAD_USE
    configuration = options.configuration(arguments)
    if arguments.check_config:
        from regrow.lint.describing import described, doubts  # noqa: PLC0415  # no other run needs it

        take_any_name()
        show_all(described(configuration, options.paths(arguments)))
        for doubt in doubts(configuration):
            say(f"warning: {doubt}")
        return Exit.CLEAN
    name = cast("Path | None", arguments.stdin_filename)
    if name is None:
        report = options.checked(arguments, configuration)
    else:
        file = absolute(name)
        report = check_text(standard_input(), source(file, configuration), configuration)
    take_any_name()
    if arguments.statistics:
        show_all(_statistics(report))
    else:
        show_report(report, cast("str", arguments.format), configuration)
    summarize(report)
    if report.failures:
        return Exit.OUR_BUG
    return Exit.FINDINGS if report.findings else Exit.CLEAN


def show_report(report: Report, form: str, configuration: Configuration) -> None:
    """Show a report in a format; where this one tells what is new, by the baseline if there is one.

    What GitHub has no room for goes where it is asked for too: into the summary of the step.
    """
    file = configuration.root.absolute() / configuration.ratchet.baseline
    if form in _NEWS and report.known is None and file.exists():
        # No other run needs them.
        from regrow.lint.ratchet.baseline import load  # noqa: PLC0415
        from regrow.lint.ratchet.comparing import compare, located  # noqa: PLC0415

        found = located(report.findings, configuration.root.absolute())
        report = report._replace(known=compare(load(file), found, lambda _: True).known)
    show_all(rendered(report, form))
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if form == "github" and summary:
        try:
            with Path(summary).open("a", encoding="utf-8", errors="backslashreplace") as stream:
                stream.writelines(f"{line}\n" for line in rendered(report, "markdown"))
        except OSError as error:
            say(f"GITHUB_STEP_SUMMARY={summary} can't be written: {error.strerror}")


def _statistics(report: Report) -> Iterator[str]:
    counts = Counter((finding.code, finding.name) for finding in report.findings)
    for (code, name), count in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
        yield f"{count:>7,}  {code}  {name}"


def summarize(report: Report, noun: str = "finding", *, known: int = 0) -> None:
    """Say what was skipped, which rules failed, and how much there is.

    Args:
        report: What came of the run.
        noun: What its findings are called. Default: findings.
        known: How many others are in the baseline. Default: none.
    """
    for path in report.skipped:
        say(f"skipped: {path}: notebooks aren't looked at")
    for failure in report.failures:
        say(f"{failure}\n  at {failure.place}")
    if any(failure.code.startswith("RG") for failure in report.failures):
        say("  Please report it in Regrow's issue tracker, with the file if you can share it.")
    for warning in report.warnings:
        say(f"warning: {warning}")
    found = counted(len(report.findings), noun) + (f" and {known:,} known" if known else "")
    spared = f", {report.spared:,} of them spared" if report.spared else ""
    say(f"{found} in {counted(report.files, 'file')} ({counted(report.lines, 'line')}{spared})")
