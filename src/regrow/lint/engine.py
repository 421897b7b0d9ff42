"""One file through all rules."""

from __future__ import annotations

import gc
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from regrow.lint.file import SourceFile
from regrow.lint.model import Finding, Role, Scope
from regrow.lint.parsing import unreadable
from regrow.lint.rule import Rule
from regrow.lint.suppressions import suppress

_TESTS = frozenset({Role.TEST, Role.SUPPORT})


class RuleFailure(NamedTuple):
    """A rule raised an exception: a bug of the rule, not of the file.

    Attributes:
        path: The file that it looked at.
        code: The rule.
        error: The exception's type and text.
        place: Where it was raised.
    """

    path: str
    code: str
    error: str
    place: str

    def __str__(self) -> str:
        """What happened, in one line."""
        return f"{self.path}: {self.code} failed, a bug of its own: {self.error}"


def applies(rule: Rule, role: Role) -> bool:
    """Whether a rule looks at files of this role."""
    return rule.scope is Scope.EVERYWHERE or (rule.scope is Scope.TESTS) == (role in _TESTS)


def _is_pointless(rule: Rule, file: SourceFile) -> bool:
    """Whether it can't find anything; to look for several triggers takes longer than most rules do."""
    return len(rule.triggers) == 1 and not file.mentions(rule.triggers[0])


def check_file(file: SourceFile, rules: Sequence[Rule]) -> tuple[list[Finding], list[RuleFailure]]:
    """Let all rules that apply look at a file; suppressions aren't looked at here.

    Returns:
        The findings by line and column, and the rules that failed; the other rules go on.
    """
    findings: list[Finding] = []
    failures: list[RuleFailure] = []
    lost: list[str] = []
    for rule in rules:
        if not applies(rule, file.role) or _is_pointless(rule, file):
            continue
        try:
            findings += rule.check(file)
        except RecursionError:
            lost.append(rule.code)
        except Exception as error:  # noqa: BLE001  # a rule may be anybody's: the others go on
            failures.append(_failure(file.path, rule.code, error))
    if lost:
        message = f"{', '.join(lost)} can't look at it: nested too deeply"
        findings.append(unreadable(file.path, message))
    return sorted(findings, key=lambda one: (one.line, one.column, one.code)), failures


def _failure(path: str, code: str, error: Exception) -> RuleFailure:
    import traceback  # noqa: PLC0415  # hardly ever needed

    last = traceback.extract_tb(error.__traceback__)[-1]
    shown = "".join(traceback.format_exception_only(error)).strip()
    return RuleFailure(path, code, shown, f"{last.filename}:{last.lineno}")


def findings_of(
    file: SourceFile, rules: Sequence[Rule], known: Collection[str] = ()
) -> tuple[list[Finding], list[RuleFailure]]:
    """As `check_file`, without what comments in the file suppress, and with what is wrong with these.

    Args:
        file: The file.
        rules: The rules that are on.
        known: The codes and names of all rules: see `suppress`.
    """
    findings, failures = check_file(file, rules)
    failed = {one.code for one in failures}
    return suppress(file, findings, rules, known=known, failed=failed), failures


@contextmanager
def without_gc() -> Generator[None]:
    """Trees hold no cycles, so the collector finds nothing in them and costs much."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
