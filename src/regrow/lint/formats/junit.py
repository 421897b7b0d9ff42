"""For build servers: JUnit's XML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from regrow.lint.formats.texts import line_of
from regrow.lint.model import Finding
from regrow.lint.run import Report

_NO_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""XML 1.0 can't hold these, not even escaped."""


def junit(report: Report) -> Iterator[str]:
    """A test suite for each file with findings, a failed test for each of them; else one that passed."""
    failed, wrong = len(report.findings), len(report.failures)
    total = {"tests": max(failed + wrong, 1), "failures": failed, "errors": wrong}
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield _tag("testsuites", {"name": "regrow check", **total})
    for path, group in groupby(report.findings, lambda one: one.path):
        findings = list(group)
        yield " " + _tag("testsuite", {"name": path, "tests": len(findings), "failures": len(findings)})
        for finding in findings:
            yield from _case(finding)
        yield " </testsuite>"
    if report.failures:
        yield " " + _tag("testsuite", {"name": "regrow", "tests": wrong, "errors": wrong})
        for failure in report.failures:
            yield "  " + _tag("testcase", {"classname": failure.path, "name": failure.code})
            yield "   " + _tag("error", {"message": f"{failure.error}, at {failure.place}"}) + "</error>"
            yield "  </testcase>"
        yield " </testsuite>"
    if not (failed or wrong):
        yield ' <testsuite name="regrow check" tests="1" failures="0">'
        yield '  <testcase classname="regrow check" name="no findings"/>'
        yield " </testsuite>"
    yield "</testsuites>"


def _case(finding: Finding) -> Iterator[str]:
    name = f"{finding.code} {finding.name} ({finding.line}:{finding.column})"
    place = {"file": finding.path, "line": finding.line}
    yield "  " + _tag("testcase", {"classname": finding.path, "name": name, **place})
    text = escape(_plain(line_of(finding)))
    yield "   " + _tag("failure", {"type": finding.code, "message": finding.message}) + f"{text}</failure>"
    yield "  </testcase>"


def _tag(name: str, attributes: Mapping[str, object]) -> str:
    listed = "".join(f" {key}={quoteattr(_plain(str(value)))}" for key, value in attributes.items())
    return f"<{name}{listed}>"


def _plain(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
