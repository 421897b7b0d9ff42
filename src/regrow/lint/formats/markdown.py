"""For people who read it in a browser: a summary in markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from regrow.lint.console import counted, visible
from regrow.lint.escaping import plain
from regrow.lint.model import Finding
from regrow.lint.run import Report

_ROWS: Final = 500
"""GitHub takes a mebibyte for each step."""


def markdown(report: Report) -> Iterator[str]:
    """How much there is, a table of rules, and a table of findings: those that are new first."""
    yield "## regrow check"
    yield ""
    known = "" if report.known is None else f", {counted(len(report.findings) - _known(report), 'new one')}"
    files, lines = counted(report.files, "file"), counted(report.lines, "line")
    yield f"{counted(len(report.findings), 'finding')}{known}, in {files} ({lines})."
    for failure in report.failures:
        yield ""
        where = plain(visible(failure.path))
        yield f"**{failure.code} failed**, a bug of its own, in {where}: {plain(failure.error)}"
    if not report.findings:
        return
    yield from ("", "| rule | name | findings |", "|---|---|---:|")
    counts = Counter((finding.code, finding.name) for finding in report.findings)
    for (code, name), count in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
        yield f"| {code} | {plain(name)} | {count:,} |"
    yield from ("", "| where | rule | what |", "|---|---|---|")
    for finding in report.by_news[:_ROWS]:
        yield _row(report, finding)
    if len(report.findings) > _ROWS:
        yield ""
        yield f"{len(report.findings) - _ROWS:,} more aren't shown."


def _known(report: Report) -> int:
    return sum(finding in (report.known or ()) for finding in report.findings)


def _row(report: Report, finding: Finding) -> str:
    new = "**new** " if report.known is not None and finding not in report.known else ""
    return (
        f"| {plain(visible(finding.path))}:{finding.line} | {new}{finding.code} | {plain(finding.message)} |"
    )
