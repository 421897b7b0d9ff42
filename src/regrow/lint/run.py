"""Many files through all rules, in one process or several, and past those that haven't changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from regrow.lint.checker import Checker, Outcome
from regrow.lint.configuration import Configuration
from regrow.lint.discovery import NOTEBOOK, Found, Source, find_any
from regrow.lint.engine import RuleFailure, without_gc
from regrow.lint.model import Finding
from regrow.lint.outlines import gather
from regrow.lint.parsing import CODE

if TYPE_CHECKING:
    from regrow.lint.cache import Cache

Progress: TypeAlias = Callable[[int, int], object]
"""Gets how many files are done, and how many there are."""


class Report(NamedTuple):
    """What came of a run.

    Attributes:
        findings: By path, line, column and code.
        failures: Rules that raised an exception: bugs of theirs.
        skipped: Notebooks, which aren't looked at.
        files: How many were looked at.
        lines: How many lines these have.
        spared: How many of these lines are in files that hold nothing that rules look for: they are parsed,
            and no rule looks at them.
        cached: How many of the files haven't changed since an earlier run, whose findings these are.
        seconds: How long it took.
        contents: Path -> bytes of what isn't in the file of that name, for excerpts.
        known: The findings that the baseline has; None where there is no baseline.
        warnings: What should be known beside that, a line each.
    """

    findings: tuple[Finding, ...] = ()
    failures: tuple[RuleFailure, ...] = ()
    skipped: tuple[str, ...] = ()
    files: int = 0
    lines: int = 0
    spared: int = 0
    cached: int = 0
    seconds: float = 0.0
    contents: Mapping[str, bytes] = {}
    known: frozenset[Finding] | None = None
    warnings: tuple[str, ...] = ()

    @property
    def by_news(self) -> tuple[Finding, ...]:
        """The findings, those that the baseline hasn't before the others."""
        known = self.known or frozenset()
        return tuple(sorted(self.findings, key=known.__contains__))


def check_paths(
    paths: Sequence[Path],
    configuration: Configuration,
    *,
    jobs: int = 1,
    cached: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Check files, and all Python files below folders.

    Args:
        paths: Relative to the working directory.
        configuration: Which rules are on, and what they go by.
        jobs: How many processes do it. Default 1: this one.
        cached: Whether what is known of files that haven't changed is used, and what comes of the others is
            kept in a folder ``.regrow_cache`` of the configuration's root. Default False.
        progress: Told of each file that is done. Default: nobody is.

    Raises:
        NothingToCheck: There are no files, or no rules.
        UnknownRule: The settings name a rule that there isn't.
        BadRule: What another distribution offers as a rule is none.
    """
    began = time.perf_counter()
    checker = Checker(configuration.settings, digests=cached)
    found = find_any(paths, configuration)
    done: dict[Source, Outcome] = {}
    cache = _cache(configuration, checker) if cached else None
    if cache is None:
        checker.project = gather(found.sources, checker.contents)
    else:
        done = cache.known(found.sources)
    known = len(done)
    left = [source for source in found.sources if source not in done]
    with without_gc():
        for source, outcome in _outcomes(left, checker, jobs):
            done[source] = outcome
            if progress is not None:
                progress(len(done), len(found.sources))
    if cache is not None:
        cache.keep({source: done[source] for source in left})
        cache.save()
    report = _report(found, [done[source] for source in found.sources], checker)
    warnings = (cache.warning,) if cache is not None and cache.warning else ()
    return report._replace(cached=known, warnings=warnings, seconds=time.perf_counter() - began)


def check_text(data: bytes, source: Source, configuration: Configuration) -> Report:
    """Check what an editor has, as if it were a file; a notebook is skipped.

    Args:
        data: Its bytes.
        source: The file that it is, or will be.
        configuration: Which rules are on, and what they go by.

    Raises:
        NothingToCheck: There are no rules.
        UnknownRule: The settings name a rule that there isn't.
        BadRule: What another distribution offers as a rule is none.
    """
    if source.path.endswith(NOTEBOOK):  # often a program to the parser: one dict
        return Report(skipped=(source.path,))
    checker = Checker(configuration.settings)
    outcome = checker.check(data, source)
    report = _report(Found((source,), (), ()), [outcome], checker)
    return report._replace(contents={source.path: data})


def _cache(configuration: Configuration, checker: Checker) -> Cache:
    # What it needs takes as long to import as five files of a thousand lines do.
    from regrow.lint.cache import Cache  # noqa: PLC0415

    return Cache(configuration.root, checker)


def _outcomes(sources: Sequence[Source], checker: Checker, jobs: int) -> Iterator[tuple[Source, Outcome]]:
    if jobs <= 1 or len(sources) < jobs:
        return zip(sources, checker.check_files(sources), strict=True)
    # Its import takes as long as a hundred files do.
    from regrow.lint.pool import check_in_processes  # noqa: PLC0415

    return check_in_processes(sources, checker, jobs)


def _report(found: Found, outcomes: Sequence[Outcome], checker: Checker) -> Report:
    problems = [one for one in found.problems if CODE not in checker.off]
    findings = [*problems, *(one for outcome in outcomes for one in outcome.findings)]
    return Report(
        findings=tuple(sorted(findings, key=_place)),
        failures=tuple(one for outcome in outcomes for one in outcome.failures),
        skipped=found.skipped,
        files=len(found.sources),
        lines=sum(outcome.lines for outcome in outcomes),
        spared=sum(outcome.lines for outcome in outcomes if outcome.spared),
    )


def _place(finding: Finding) -> tuple[str, int, int, str]:
    return finding.path, finding.line, finding.column, finding.code
