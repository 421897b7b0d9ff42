"""For GitLab: a code quality report."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Final

from regrow.lint.model import Severity
from regrow.lint.ratchet.fingerprints import numbered
from regrow.lint.run import Report

_SEVERITIES: Final = {Severity.ERROR: "major", Severity.WARNING: "minor"}


def gitlab(report: Report) -> Iterator[str]:
    """A list of issues, whose fingerprints stay the same when lines move."""
    issues = [
        {
            "description": f"{finding.code} [{finding.name}] {finding.message}",
            "check_name": finding.code,
            "fingerprint": hashlib.sha256(f"{finding.path}\0{mark}".encode(errors="replace")).hexdigest(),
            "severity": _SEVERITIES[finding.severity],
            "location": {
                "path": finding.path,
                "positions": {
                    "begin": {"line": finding.line, "column": finding.column},
                    "end": {"line": finding.end_line, "column": finding.end_column},
                },
                "lines": {"begin": finding.line, "end": finding.end_line},
            },
        }
        for finding, mark in numbered(report.findings)
    ]
    yield json.dumps(issues, indent=1)
