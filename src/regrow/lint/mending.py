"""Files whose findings are fixed, one by one; what can't be fixed whole is left as it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from regrow.errors.fixing import FixError
from regrow.lint.checker import Checker
from regrow.lint.configuration import Configuration
from regrow.lint.discovery import Source, find_any, problem
from regrow.lint.engine import RuleFailure, findings_of, without_gc
from regrow.lint.file import SourceFile
from regrow.lint.fixing import fix_file, write_back
from regrow.lint.model import Finding, Safety
from regrow.lint.outlines import gather

Write: TypeAlias = Callable[[Path, bytes, bytes], object]
"""Gets a file, what it holds and what it is to hold."""


@dataclass(frozen=True, slots=True)
class Mended:
    """What came of fixing one file.

    Attributes:
        source: The file.
        old: What it held.
        new: What it holds now, or would hold.
        made: The findings whose fixes were made.
        before: The findings that there were, at the lines that they had.
        left: The findings that are left.
        refused: Findings whose fix would have broken the file: bugs of their rules.
        failures: Rules that raised an exception: bugs of theirs.
        error: Why the file was left as it was though there was something to fix; None if it wasn't.
    """

    source: Source
    old: bytes = b""
    new: bytes = b""
    made: tuple[Finding, ...] = ()
    before: tuple[Finding, ...] = ()
    left: tuple[Finding, ...] = ()
    refused: tuple[Finding, ...] = ()
    failures: tuple[RuleFailure, ...] = ()
    error: str | None = None

    @property
    def is_changed(self) -> bool:
        """Whether there is anything new."""
        return self.new != self.old


@dataclass(slots=True)
class Mending:
    """What came of fixing many files.

    Attributes:
        files: Each file that was looked at.
        problems: What couldn't be looked at, ``RG001``.
        skipped: Notebooks, which aren't looked at.
    """

    files: list[Mended] = field(default_factory=list[Mended])
    problems: tuple[Finding, ...] = ()
    skipped: tuple[str, ...] = ()


def mend_paths(
    paths: Sequence[Path],
    configuration: Configuration,
    *,
    unsafe: bool = False,
    write: Write | None = write_back,
) -> Mending:
    """Fix files, and all Python files below folders.

    Args:
        paths: Relative to the working directory.
        configuration: Which rules are on, and what they go by.
        unsafe: Whether fixes are made that may change what a program does. Default False.
        write: What puts the new bytes in the place of the old ones. Default: `write_back`; None leaves
            all files as they are.

    Raises:
        NothingToCheck: There are no files, or no rules.
        UnknownRule: The settings name a rule that there isn't.
        BadRule: What another distribution offers as a rule is none.
    """
    checker = Checker(configuration.settings)
    found = find_any(paths, configuration)
    checker.project = gather(found.sources)
    mending = Mending(problems=found.problems, skipped=found.skipped)
    for source in found.sources:
        mending.files.append(_written(_mended(source, checker, unsafe=unsafe), write))
    return mending


def mend(data: bytes, source: Source, checker: Checker, *, unsafe: bool = False) -> Mended:
    """Fix one file's bytes; nothing is written.

    Args:
        data: What it holds.
        source: The file.
        checker: The rules that are on.
        unsafe: Whether fixes are made that may change what the program does. Default False.
    """
    outcome = checker.check(data, source)
    found = outcome.findings
    as_it_was = Mended(source, data, data, before=found, left=found, failures=outcome.failures)
    wanted = {Safety.SAFE, Safety.UNSAFE} if unsafe else {Safety.SAFE}
    if not any(one.fix and one.fix.safety in wanted for one in found):
        return as_it_was
    off = checker.off_in(source)
    rules = tuple(rule for rule in checker.rules if rule.code not in off)
    file = checker.parsed(data, source)
    assert isinstance(file, SourceFile), file
    failures: dict[str, RuleFailure] = {}

    def check(file: SourceFile) -> Iterator[Finding]:
        findings, failed = findings_of(file, rules, checker.known)
        failures.update((one.code, one) for one in failed)
        yield from findings

    try:
        fixed = fix_file(data, file, check, unsafe=unsafe)
    except FixError as error:
        return replace(as_it_was, error=str(error))
    return Mended(
        source,
        old=data,
        new=fixed.data,
        made=fixed.made,
        before=found,
        left=fixed.left,
        refused=fixed.refused,
        failures=tuple(failures.values()),
    )


def _mended(source: Source, checker: Checker, *, unsafe: bool) -> Mended:
    try:
        data = source.file.read_bytes()
    except OSError as error:
        unread = (problem(source.path, error),)
        return Mended(source, before=unread, left=unread)
    with without_gc():
        return mend(data, source, checker, unsafe=unsafe)


def _written(mended: Mended, write: Write | None) -> Mended:
    if write is None or not mended.is_changed:
        return mended
    try:
        write(mended.source.file, mended.old, mended.new)
    except FixError as error:
        return _untouched(mended, str(error))
    except OSError as error:
        why = f"{mended.source.path}: can't be written: {error.strerror}; it is as it was"
        return _untouched(mended, why)
    return mended


def _untouched(mended: Mended, why: str) -> Mended:
    """The same file, left as it was in the end."""
    return replace(mended, new=mended.old, made=(), left=mended.before, error=why)


def all_of(mending: Mending, codes: Collection[str] | None = None) -> tuple[Finding, ...]:
    """All findings that are left, those of some rules only if these are given."""
    every = [*mending.problems, *(one for file in mending.files for one in file.left)]
    return tuple(one for one in every if codes is None or one.code in codes)
