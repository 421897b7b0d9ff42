"""For programs: JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from regrow.lint.model import Finding
from regrow.lint.run import Report

SCHEMA: Final = 1


def as_json(report: Report) -> Iterator[str]:
    """One document."""
    document = {
        "schema": SCHEMA,
        "files": report.files,
        "lines": report.lines,
        "spared_lines": report.spared,
        "skipped": list(report.skipped),
        "failures": [failure._asdict() for failure in report.failures],
        "findings": [_plain(finding) for finding in report.findings],
    }
    yield json.dumps(document, indent=2)


def as_json_lines(report: Report) -> Iterator[str]:
    """A document for each finding, on a line of its own."""
    for finding in report.findings:
        yield json.dumps({"schema": SCHEMA, **_plain(finding)})


def _plain(finding: Finding) -> Mapping[str, object]:
    fix = finding.fix
    mended = None if fix is None else fix._asdict() | {"edits": [edit._asdict() for edit in fix.edits]}
    return finding._asdict() | {"fix": mended}
