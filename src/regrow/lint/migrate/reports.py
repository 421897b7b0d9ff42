"""A migration's report: as text, as markdown, as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Final

from regrow.lint.console import counted, visible
from regrow.lint.escaping import code, plain
from regrow.lint.migrate.run import Report


def text(report: Report) -> Iterator[str]:
    """For a terminal: what needs a human, then the counts."""
    for one in report.manual:
        where = f"{one.path}:{one.line}:{one.column}"
        yield visible(f"{where}: {one.migration or one.rule} [{one.rule}] {one.reason}")
    yield from map(visible, report.alone.values())
    for migration in report.migrations:
        fixes, manual = report.fixes[migration.code], _by_hand(report, migration.code)
        if fixes or manual:
            yield f"{migration.code} {migration.name}: {_mended(report, fixes)}, {_for_a_human(manual)}"
    yield summary(report)


def markdown(report: Report) -> Iterator[str]:
    """For a pull request."""
    yield from ("# Migration", "", summary(report), "")
    yield from ("| migration | mended | needs a human |", "|---|---:|---:|")
    for one in report.migrations:
        yield f"| {one.code} {one.name} | {report.fixes[one.code]:,} | {_by_hand(report, one.code):,} |"
    if report.edited:
        yield from ("", "## Edited" if report.mode == "write" else "## Would be edited", "")
        yield from (f"- {code(path)}" for path in report.edited)
    if report.alone:
        yield from ("", "## Left unchanged", "")
        yield from (f"- {plain(why)}" for why in report.alone.values())
    if report.manual:
        yield from ("", "## Needs a human", "", "| place | migration | rule | why |", "|---|---|---|---|")
        for place in report.manual:
            where = code(f"{place.path}:{place.line}", in_table=True)
            yield f"| {where} | {place.migration} | {place.rule} | {plain(place.reason)} |"


def document(report: Report) -> Iterator[str]:
    """For programs."""
    migrations: Mapping[str, object] = {
        one.code: {
            "name": one.name,
            "fixes": report.fixes[one.code],
            "manual": _by_hand(report, one.code),
        }
        for one in report.migrations
    }
    yield json.dumps(
        {
            "mode": report.mode,
            "files_checked": report.checked,
            "files_edited": report.edited,
            "calls_fixed": report.fixes.total(),
            "self_sends_kept": report.own_sends,
            "migrations": migrations,
            "manual": [asdict(one) for one in report.manual],
            "left_alone": report.alone,
            "journal": report.journal,
        },
        indent=2,
    )


REPORTS: Final[Mapping[str, Callable[[Report], Iterator[str]]]] = {
    "text": text,
    "md": markdown,
    "json": document,
}


def _by_hand(report: Report, code: str) -> int:
    return sum(one.migration == code for one in report.manual)


def _mended(report: Report, count: int) -> str:
    return f"{count:,} mended" if report.mode == "write" else f"{count:,} can be mended"


def _for_a_human(count: int) -> str:
    return f"{count:,} for a human"


def summary(report: Report) -> str:
    """The counts, in one line."""
    edited = "edited" if report.mode == "write" else "would be edited"
    parts = [
        f"{counted(report.checked, 'file')} checked",
        f"{counted(len(report.edited), 'file')} {edited}",
        f"{counted(report.fixes.total(), 'call')} {'fixed' if report.mode == 'write' else 'to fix'}",
        f"{counted(len(report.manual), 'place')} for a human",
    ]
    if report.own_sends is not None:
        parts.append(f"{counted(report.own_sends, 'send')} to oneself kept")
    if report.alone:
        parts.append(f"{counted(len(report.alone), 'file')} left unchanged")
    return "; ".join(parts)
