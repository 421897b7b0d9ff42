"""For GitHub Actions: workflow commands that become annotations of a pull request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from regrow.lint.console import visible
from regrow.lint.formats.texts import line_of
from regrow.lint.model import Finding
from regrow.lint.run import Report

_SHOWN: Final = 10
"""Annotations of a kind that GitHub shows for each step."""


def github(report: Report) -> Iterator[str]:
    """Ten annotations, of what isn't in the baseline first; the others as lines of the log."""
    for number, finding in enumerate(report.by_news):
        yield _annotation(finding) if number < _SHOWN else line_of(finding)


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
    return visible(text)
