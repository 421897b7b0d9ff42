"""For people: a line for each finding, or the place in the source with it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from regrow.lint.console import visible
from regrow.lint.model import Finding, Safety
from regrow.lint.run import Report
from regrow.lint.text import Text

_WIDTH: Final = 160
_BEFORE: Final = 60
_FIXES: Final = {
    Safety.SAFE: "`regrow fix` does it",
    Safety.UNSAFE: "`regrow fix --unsafe` does it",
    Safety.DISPLAY: "not by a program alone",
}


def concise(report: Report) -> Iterator[str]:
    """One line for each finding: ``path:line:column: code [name] message``."""
    yield from map(line_of, report.findings)


def line_of(finding: Finding) -> str:
    """A finding in one line."""
    one = finding
    return visible(f"{one.path}:{one.line}:{one.column}: {one.code} [{one.name}] {one.message}")


def full(report: Report) -> Iterator[str]:
    """As `concise`, with the line of source, what is meant underlined, and what would mend it."""
    for path, findings in groupby(report.findings, lambda one: one.path):
        text = _text(report, path)
        for finding in findings:
            yield line_of(finding)
            if text is not None and finding.line <= text.lines:
                yield from _excerpt(text.line(finding.line), finding)
            if finding.fix is not None and finding.fix.edits:
                yield f"  fix: {visible(finding.fix.message)} ({_FIXES[finding.fix.safety]})"
            elif finding.fix is not None:
                yield f"  no fix: {visible(finding.fix.message)}"
            yield ""


def _text(report: Report, path: str) -> Text | None:
    """What is in a file; None where it can't be read. A FIFO or a device would be read for ever."""
    try:
        given = report.contents.get(path)
        if given is None and not Path(path).is_file():
            return None
        return Text(Path(path).read_bytes() if given is None else given)
    except (OSError, SyntaxError, ValueError):
        return None


def _excerpt(line: str, finding: Finding) -> Iterator[str]:
    start = min(finding.column - 1, len(line))
    end = finding.end_column - 1 if finding.end_line == finding.line else len(line)
    cut = start - _BEFORE if start > _WIDTH - _BEFORE else 0
    shown = line[cut : cut + _WIDTH]
    before, meant = shown[: start - cut], shown[start - cut : max(end - cut, start - cut + 1)]
    number = str(finding.line)
    shown = "".join(one if one == "\t" or one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in shown)
    yield f"  {number} | {shown}"
    blank = "".join("\t" if one == "\t" else " " * _columns(one) for one in before)
    yield f"  {' ' * len(number)} | {blank}{'^' * max(sum(map(_columns, meant)), 1)}"


def _columns(character: str) -> int:
    """How many columns of a terminal it takes."""
    import unicodedata  # noqa: PLC0415  # a library of its own, which one format alone needs

    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
