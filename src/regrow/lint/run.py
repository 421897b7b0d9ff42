"""Many files through all rules, in one process or several."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from regrow.errors.lint import NothingToCheck
from regrow.lint.configuration import Configuration
from regrow.lint.discovery import Source, find, problem
from regrow.lint.engine import RuleFailure, findings_of, without_gc
from regrow.lint.file import SourceFile
from regrow.lint.globs import Globs
from regrow.lint.model import Finding
from regrow.lint.outlines import gather
from regrow.lint.parsing import CODE, parse
from regrow.lint.project import Project
from regrow.lint.registry import known_names, own_rules
from regrow.lint.rule import Rule
from regrow.lint.selection import matching, selected
from regrow.lint.settings import Settings

_CHUNKS: Final = 8
"""How many pieces of work each process gets: the last ones even out what the first ones cost."""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a run.

    Attributes:
        findings: By path, line, column and code.
        failures: Rules that raised an exception: bugs of theirs.
        skipped: Notebooks, which aren't looked at.
        files: How many were looked at.
        lines: How many lines these have.
        seconds: How long it took.
        contents: Path -> text of what isn't in the file of that name, for excerpts.
        known: The findings that the baseline has; None where there is no baseline.
    """

    findings: tuple[Finding, ...] = ()
    failures: tuple[RuleFailure, ...] = ()
    skipped: tuple[str, ...] = ()
    files: int = 0
    lines: int = 0
    seconds: float = 0.0
    contents: dict[str, str] = field(default_factory=dict[str, str])
    known: frozenset[Finding] | None = None

    @property
    def by_news(self) -> tuple[Finding, ...]:
        """The findings, those that the baseline hasn't before the others."""
        known = self.known or frozenset()
        return tuple(sorted(self.findings, key=known.__contains__))


def check_paths(paths: Sequence[Path], configuration: Configuration, *, jobs: int = 1) -> Report:
    """Check files, and all Python files below folders.

    Args:
        paths: Relative to the working directory.
        configuration: Which rules are on, and what they go by.
        jobs: How many processes do it. Default 1: this one.

    Raises:
        NothingToCheck: There are no files, or no rules.
        UnknownRule: The settings name a rule that there isn't.
    """
    began = time.perf_counter()
    checker = Checker(configuration.settings)
    found = find(paths, configuration)
    if not (found.sources or found.problems):
        skipped = f"; notebooks aren't looked at ({', '.join(found.skipped)})" if found.skipped else ""
        raise NothingToCheck("files", f"no .py or .pyi file is below {', '.join(map(str, paths))}{skipped}")
    checker.project = gather(found.sources)
    parts = _parts(found.sources, checker, jobs)
    problems = [one for one in found.problems if CODE not in checker.off]
    return Report(
        findings=tuple(sorted([*problems, *(one for part in parts for one in part.findings)], key=_place)),
        failures=tuple(one for part in parts for one in part.failures),
        skipped=found.skipped,
        files=len(found.sources),
        lines=sum(part.lines for part in parts),
        seconds=time.perf_counter() - began,
    )


def check_text(data: bytes, source: Source, configuration: Configuration) -> Report:
    """Check what an editor has, as if it were a file.

    Args:
        data: Its bytes.
        source: The file that it is, or will be.
        configuration: Which rules are on, and what they go by.

    Raises:
        NothingToCheck: There are no rules.
        UnknownRule: The settings name a rule that there isn't.
    """
    part = Part()
    Checker(configuration.settings).check(data, source, part)
    contents = {source.path: data.decode(errors="replace")}
    findings = tuple(sorted(part.findings, key=_place))
    return Report(findings, tuple(part.failures), files=1, lines=part.lines, contents=contents)


@dataclass(slots=True)
class Part:
    """What came of some of the files."""

    findings: list[Finding] = field(default_factory=list[Finding])
    failures: list[RuleFailure] = field(default_factory=list[RuleFailure])
    lines: int = 0


class Checker:
    """The rules that are on, for files one by one.

    Args:
        settings: The settings of the run.
        project: What is known of the project's files. Default: nothing.

    Raises:
        NothingToCheck: No rule is on.
        UnknownRule: The settings name a rule that there isn't.
    """

    def __init__(self, settings: Settings, project: Project | None = None) -> None:
        rules = own_rules()
        self.settings: Settings = settings
        self.project: Project = project or Project()
        self.known: frozenset[str] = known_names(rules)
        self.rules: tuple[Rule, ...] = selected(rules, settings)
        self.off: frozenset[str] = matching(rules, settings.ignore, "ignore")
        self._per_file = tuple(
            (Globs([glob]), matching(rules, codes, f"per-file-ignores {glob!r}"))
            for glob, codes in settings.per_file_ignores.items()
        )
        if not self.rules:
            raise NothingToCheck("rules", "select and ignore leave none on")

    def check(self, data: bytes, source: Source, part: Part) -> None:
        """Check one file's bytes."""
        off = self.off_in(source)
        file = parse(
            data,
            source.path,
            module=source.module,
            role=source.role,
            settings=self.settings,
            project=self.project,
        )
        if isinstance(file, SourceFile):
            findings, failures = findings_of(file, self._rules_but(off), self.known)
            part.findings += findings
            part.failures += failures
            part.lines += file.text.lines
        else:
            part.lines += data.count(b"\n")
            part.findings += [file] if CODE not in off else []

    def check_files(self, sources: Sequence[Source]) -> Part:
        """Check some files; what can't be read is a finding."""
        part = Part()
        with without_gc():
            for source in sources:
                try:
                    data = source.file.read_bytes()
                except OSError as error:
                    why = error.strerror or type(error).__name__
                    part.findings += [problem(source.path, why)] if CODE not in self.off else []
                    continue
                self.check(data, source, part)
        return part

    def off_in(self, source: Source) -> frozenset[str]:
        """The codes that `ignore` and `per-file-ignores` switch off in a file."""
        return self.off.union(*(codes for globs, codes in self._per_file if globs.match(source.relative)))

    def _rules_but(self, off: frozenset[str]) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.code not in off)


def _parts(sources: Sequence[Source], checker: Checker, jobs: int) -> list[Part]:
    if jobs <= 1 or len(sources) < jobs:
        return [checker.check_files(sources)]
    count = min(jobs * _CHUNKS, len(sources))
    chunks = [sources[start::count] for start in range(count)]
    # Not "fork": whoever calls this may have threads.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        return list(pool.map(_check_chunk, [checker.settings] * count, [checker.project] * count, chunks))


def _check_chunk(settings: Settings, project: Project, sources: Sequence[Source]) -> Part:
    return Checker(settings, project).check_files(sources)


def _place(finding: Finding) -> tuple[str, int, int, str]:
    return finding.path, finding.line, finding.column, finding.code
