"""SARIF 2.1.0: for GitHub's code scanning, editors, and whatever else reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final, TypeAlias
from urllib.parse import quote

from regrow import __version__
from regrow.lint.engine import RuleFailure
from regrow.lint.model import Finding
from regrow.lint.ratchet.fingerprints import numbered
from regrow.lint.registry import all_rules, page, summary
from regrow.lint.run import Report

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_FINGERPRINT: Final = "regrow/v1"

Object: TypeAlias = dict[str, object]


def sarif(report: Report) -> Iterator[str]:
    """One run: its rules, its results with fingerprints, and what failed."""
    names = {finding.code: finding.name for finding in report.findings}
    codes = sorted(names)
    driver = {
        "name": "regrow",
        "semanticVersion": __version__.replace(".dev", "-dev"),
        "rules": [_rule(code, names[code]) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(report.failures)],
        "results": [_result(finding, mark, codes, report) for finding, mark in numbered(report.by_news)],
    }
    yield json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1)


def _rule(code: str, name: str) -> Object:
    known = next((rule for rule in all_rules() if rule.code == code), None)
    described: Object = {"id": code, "name": name, "properties": {"name": name}}
    if known is not None:
        described["shortDescription"] = {"text": summary(known)}
        described["help"] = {"text": page(known), "markdown": page(known)}
        described["defaultConfiguration"] = {"enabled": known.default, "level": str(known.severity)}
    return described


def _result(finding: Finding, mark: str, codes: Sequence[str], report: Report) -> Object:
    region = {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endLine": finding.end_line,
        "endColumn": finding.end_column,
    }
    location: Object = {
        "physicalLocation": {"artifactLocation": {"uri": _uri(finding.path)}, "region": region}
    }
    if finding.scope:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.scope}]
    result: Object = {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": str(finding.severity),
        "message": {"text": finding.message},
        "locations": [location],
        "partialFingerprints": {_FINGERPRINT: mark},
        "properties": {"name": finding.name},
    }
    if report.known is not None:
        result["baselineState"] = "unchanged" if finding in report.known else "new"
    return result


def _uri(path: str) -> str:
    quoted = quote(path, errors="replace")
    return f"file://{quoted}" if PurePosixPath(path).is_absolute() else quoted


def _invocation(failures: Sequence[RuleFailure]) -> Object:
    notes = [
        {
            "level": "error",
            "message": {"text": f"{one.code} failed, a bug of its own: {one.error}, at {one.place}"},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(one.path)}}}],
        }
        for one in failures
    ]
    return {"executionSuccessful": not failures, "toolExecutionNotifications": notes}
