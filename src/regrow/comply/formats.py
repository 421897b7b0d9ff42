"""A compliance report as text, JSON and Markdown: what ran, what was found, and what could not run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from regrow.comply.model import COULD_NOT_RUN, EXCUSED, FAILED, PASSED, Outcome, Report
from regrow.lint.console import visible
from regrow.lint.escaping import code, plain

SCHEMA: Final = 1


def text(report: Report) -> Iterator[str]:
    """For people: a line for each check, and what is wrong under it."""
    width = max(len(name) for name in report.titles)
    for name in report.titles:
        yield f"{name:<{width}}  {_told(report, name)}"
        for outcome in report.of(name):
            if outcome.status == FAILED:
                yield f"  {visible(outcome.subject)}"
            if outcome.status != PASSED:
                for detail in outcome.details:
                    yield from (f"    {visible(line)}" for line in detail.splitlines())
    yield _summary(report)


def as_json(report: Report) -> Iterator[str]:
    """For programs: everything."""
    document = {
        "schema": SCHEMA,
        "package": report.package,
        "app": report.app,
        "passed": report.passed,
        "counts": report.counts,
        "checks": [
            {
                "name": name,
                "title": title,
                "status": report.status(name),
                "outcomes": [_row(one) for one in report.of(name)],
            }
            for name, title in report.titles.items()
        ],
    }
    text = json.dumps(document, indent=2, ensure_ascii=False)
    yield text.encode(errors="backslashreplace").decode()  # texts of errors needn't be UTF-8


def markdown(report: Report) -> Iterator[str]:
    """For a summary in CI, or to be kept with a release."""
    subject = code(report.package) + (f", application {code(report.app)}" if report.app else "")
    yield f"# Compliance of {subject}"
    yield ""
    yield plain(_summary(report))
    yield ""
    yield "| check | result | what holds where it passes |"
    yield "|---|---|---|"
    for name, title in report.titles.items():
        yield f"| {name} | {_told(report, name)} | {plain(title)} |"
    for heading, statuses in (("Found", {FAILED}), ("Could not run", {COULD_NOT_RUN, EXCUSED})):
        shown = [one for one in report.outcomes if one.status in statuses]
        if shown:
            yield ""
            yield f"## {heading}"
            yield ""
        for one in shown:
            subject = f" of {code(one.subject)}" if one.subject else ""
            yield f"- **{one.check}**{subject}{' (excused)' if one.status == EXCUSED else ''}"
            for detail in one.details:
                yield f"  - {plain(detail)}"


FORMATS: Final[Mapping[str, Callable[[Report], Iterator[str]]]] = {
    "text": text,
    "json": as_json,
    "markdown": markdown,
}


def _told(report: Report, name: str) -> str:
    outcomes, status = report.of(name), report.status(name)
    if status == FAILED:
        failed = sum(one.status == FAILED for one in outcomes)
        return f"failed ({failed} of {len(outcomes)})"
    return f"{status} ({len(outcomes)})" if status == PASSED else status


def _summary(report: Report) -> str:
    counts = ", ".join(f"{count} {status}" for status, count in report.counts.items() if count)
    verdict = "compliant" if report.passed else "not compliant"
    return f"{report.package}: {verdict} ({len(report.titles)} checks: {counts})"


def _row(outcome: Outcome) -> dict[str, object]:
    return {
        "subject": outcome.subject,
        "status": outcome.status,
        "details": list(outcome.details),
        "seconds": round(outcome.seconds, 3),
    }
