"""A test suite through the rules for tests, and through what no rule looks at."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from regrow.errors.lint import NothingToCheck
from regrow.lint.audit.isolation import (
    SHARED,
    Fixture,
    fixtures_of,
    isolation_of,
    processes_in,
    shared_processes,
)
from regrow.lint.audit.limits import UNBOUNDED, kit_mode, suite_limit, unbounded
from regrow.lint.audit.model import OUTSIDE, WHOLE, Audit, AuditedFile, Problem
from regrow.lint.audit.units import Unit, units_of
from regrow.lint.checker import Checker
from regrow.lint.configuration import Configuration
from regrow.lint.discovery import Source, find, problem
from regrow.lint.engine import RuleFailure, findings_of, without_gc
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding, Role, Scope

_ROLES: Final = frozenset({Role.TEST, Role.SUPPORT})
_FILE: Final = 1
"""The units of a file that can't be read."""


@dataclass(slots=True)
class _Read:
    file: SourceFile
    units: tuple[Unit, ...]
    made: list[tuple[ast.Call, str]]
    findings: list[Finding]


def audit_paths(paths: Sequence[Path], configuration: Configuration, *, limit: int | None = None) -> Audit:
    """Audit the tests among some files and folders.

    Args:
        paths: Relative to the working directory.
        configuration: What is a test, and which rules are on.
        limit: The score that the suite has to have, from 0 to 100. Default: the setting ``audit-min``, which
            ``mode = "exact"`` has follow a score that is better; 100 without it.

    Raises:
        NothingToCheck: There are no tests, nor files that can't be read, or no rule for tests is on.
        UnknownRule: The settings name a rule that there isn't.
    """
    checker = Checker(configuration.settings)
    rules = tuple(rule for rule in checker.rules if rule.scope is Scope.TESTS)
    if not rules:
        raise NothingToCheck("rules", "select and ignore leave none for tests on")
    found = find(paths, configuration)
    unreadable = [_unreadable(one) for one in found.problems]
    failures: list[RuleFailure] = []
    read: list[_Read] = []
    with without_gc():
        for source in found.sources:
            if source.role in _ROLES:
                one = _read(source, checker, failures)
                unreadable += [_unreadable(one)] if isinstance(one, Finding) else []
                read += [one] if isinstance(one, _Read) else []
        files = _judged(read, configuration.root)
    if not unreadable and not any(file.tests for file in files):
        where = ", ".join(map(str, paths))
        raise NothingToCheck("tests", f"no test function is in a file of tests below {where}{found.left_out}")
    names = (*(rule.name for rule in rules), SHARED, UNBOUNDED)
    by_path = sorted([*files, *unreadable], key=lambda file: file.path)
    held = configuration.ratchet.audit_min
    exact = limit is None and held is not None and configuration.ratchet.exact
    limit = limit if limit is not None else WHOLE if held is None else held
    return Audit(tuple(by_path), tuple(failures), tuple(sorted(names)), limit, exact)


def _read(source: Source, checker: Checker, failures: list[RuleFailure]) -> _Read | Finding:
    try:
        data = source.file.read_bytes()
    except OSError as error:
        return problem(source.path, error)
    file = checker.parsed(data, source)
    if isinstance(file, Finding):
        return file
    off = checker.off_in(source)
    rules = [rule for rule in checker.rules if rule.scope is Scope.TESTS and rule.code not in off]
    findings, failed = findings_of(file, rules, checker.known)
    failures += failed
    return _Read(file, units_of(file), processes_in(file), findings)


def _judged(read: list[_Read], root: Path) -> list[AuditedFile]:
    limited, mode = suite_limit(root), kit_mode(root)
    fixtures: dict[str, list[Fixture]] = {}
    for one in read:
        for fixture in fixtures_of(one.file, one.units, one.made):
            fixtures.setdefault(fixture.name, []).append(fixture)
    return [_file(one, fixtures, mode, limited=limited) for one in read]


def _file(one: _Read, fixtures: dict[str, list[Fixture]], mode: str, *, limited: bool) -> AuditedFile:
    problems = [_of_rule(finding, one.units) for finding in one.findings]
    problems += shared_processes(one.file, one.units, one.made)
    problems += [] if limited else unbounded(one.file, one.units)
    tests = [unit for unit in one.units if unit.is_test]
    names = {unit.name for unit in tests}
    others = {problem.unit for problem in problems} - names
    return AuditedFile(
        path=one.file.path,
        tests=len(tests),
        async_tests=sum(isinstance(unit.node, ast.AsyncFunctionDef) for unit in tests),
        units=len(names) + len(others),
        isolation=Counter(isolation_of(one.file, one.units, one.made, fixtures, mode)),
        problems=tuple(sorted(problems)),
    )


def _of_rule(finding: Finding, units: tuple[Unit, ...]) -> Problem:
    unit = next((unit.name for unit in units if unit.holds(finding.line)), OUTSIDE)
    return Problem(finding.line, finding.name, finding.code, finding.message, unit)


def _unreadable(finding: Finding) -> AuditedFile:
    problem = Problem(finding.line, finding.name, finding.code, finding.message, OUTSIDE)
    return AuditedFile(finding.path, 0, 0, _FILE, {}, (problem,))
