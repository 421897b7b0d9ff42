"""Checks of a package's source and of its tests, by the linter and the auditor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from typing_extensions import override

from regrow.comply.check import Check
from regrow.comply.context import Context
from regrow.errors import CouldNotRun
from regrow.errors.lint import NothingToCheck
from regrow.lint.facts.addresses import SYSTEM_CLASSES
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding

_SUPERVISORS: Final = (
    *("regrow.supervisor", "regrow.SupervisorFlags", "regrow.SupervisorSpec.of"),
    *("regrow.dynamic_supervisor", "regrow.partition_supervisor"),
)
IMPLICIT_STRATEGY: Final = "RG104"


class Lint(Check):
    """Every rule of the linter that is on, on every file."""

    name = "lint"
    title = "the linter finds nothing in the package's files"

    @override
    def subjects(self, context: Context) -> Sequence[str]:
        try:
            _ = context.lint
        except NothingToCheck as error:
            raise CouldNotRun(self.name, str(error)) from error
        unreadable = [one.path for one in context.found.problems]
        return sorted({*(one.path for one in context.found.sources), *unreadable})

    @override
    def examine(self, context: Context, subject: str) -> Sequence[str]:
        report = context.lint
        failed = [f"{one.code} failed: {one.error}" for one in report.failures if one.path == subject]
        return [*failed, *(shown(one) for one in report.findings if one.path == subject)]


class AuditTests(Check):
    """The auditor's problems, by file of tests."""

    name = "audit"
    title = "the auditor finds nothing in the tests: isolation, sleeps, shared processes, time-outs"

    @override
    def subjects(self, context: Context) -> Sequence[str]:
        try:
            return [file.path for file in context.audit.files if file.tests or file.problems]
        except NothingToCheck as error:
            raise CouldNotRun(self.name, str(error)) from error

    @override
    def examine(self, context: Context, subject: str) -> Sequence[str]:
        file = next(one for one in context.audit.files if one.path == subject)
        return [f"{subject}:{one.line}: {one.code or one.name} {one.message}" for one in file.problems]


class ExplicitStrategy(Check):
    """Whoever makes a supervisor says its strategy and its restart budget."""

    name = "explicit-strategy"
    title = "each supervisor's strategy and restart budget are written out where it is made"

    @property
    @override
    def nothing(self) -> str:
        return "no file makes a System or a supervisor"

    @override
    def subjects(self, context: Context) -> Sequence[str]:
        return [
            path
            for path, file in context.files.items()
            if next(file.calls_to(*SYSTEM_CLASSES, *_SUPERVISORS), None) is not None
        ]

    @override
    def examine(self, context: Context, subject: str) -> Sequence[str]:
        findings = context.lint_by(IMPLICIT_STRATEGY).findings
        found = [shown(one) for one in findings if one.path == subject and one.code == IMPLICIT_STRATEGY]
        return [*found, *_roots(context.files[subject])]


def _roots(file: SourceFile) -> Sequence[str]:
    """The Systems whose own strategy is left to a default."""
    return [
        f"{file.path}:{call.lineno}: System leaves strategy to a default: say it"
        for call, _ in file.calls_to(*SYSTEM_CLASSES)
        if file.argument(call, "strategy") is None and not file.has_unpacking(call)
    ]


def shown(finding: Finding) -> str:
    """A finding as a problem."""
    return f"{finding.path}:{finding.line}:{finding.column}: {finding.code} {finding.message}"
