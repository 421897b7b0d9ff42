"""For GitHub Actions: workflow commands that become annotations of a pull request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from regrow.lint.formats.texts import line_of
from regrow.lint.model import Finding, Severity
from regrow.lint.run import Report

_SHOWN: Final = 10
"""Annotations of a kind that GitHub shows for each step."""


def github(report: Report) -> Iterator[str]:
    """The first ten errors and the first ten warnings as annotations, the others as lines of the log."""
    shown: Counter[Severity] = Counter()
    for finding in report.findings:
        shown[finding.severity] += 1
        yield _annotation(finding) if shown[finding.severity] <= _SHOWN else line_of(finding)


def _annotation(finding: Finding) -> str:
    place = {
        "file": finding.path,
        "line": finding.line,
        "endLine": finding.end_line,
        "title": f"{finding.code} {finding.name}",
    }
    if finding.line == finding.end_line:  # of several lines GitHub takes no columns
        place |= {"col": finding.column, "endColumn": finding.end_column}
    listed = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in place.items())
    return f"::{finding.severity} {listed}::{_escaped(finding.message)}"


def _escaped(text: str, more: str = "") -> str:
    for character in ("%", "\r", "\n", *more):
        text = text.replace(character, f"%{ord(character):02X}")
    return text
