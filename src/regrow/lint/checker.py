"""Files one by one through all rules that are on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from regrow.errors.lint import NothingToCheck
from regrow.lint.contents import Contents
from regrow.lint.discovery import Source, problem
from regrow.lint.engine import RuleFailure, applies, findings_of
from regrow.lint.file import SourceFile
from regrow.lint.globs import Globs
from regrow.lint.model import Finding, Role
from regrow.lint.parsing import CODE, parse
from regrow.lint.prefilter import Prefilter
from regrow.lint.project import Project
from regrow.lint.registry import all_rules
from regrow.lint.rule import Rule, known_names
from regrow.lint.selection import matching, selected
from regrow.lint.settings import Settings


class Outcome(NamedTuple):
    """What came of one file.

    Attributes:
        findings: What was found in it, by line and column.
        failures: Rules that raised an exception: bugs of theirs.
        lines: How many lines it has.
        spared: Whether it holds nothing that rules look for, so that none looked at it.
        digest: Of its bytes; empty if it couldn't be read, or nobody asked for it.
    """

    findings: tuple[Finding, ...] = ()
    failures: tuple[RuleFailure, ...] = ()
    lines: int = 0
    spared: bool = False
    digest: str = ""


class Checker:
    """The rules that are on, for files one by one.

    Args:
        settings: The settings of the run.
        project: What is known of the project's files. Default: nothing.
        digests: Whether each outcome gets the digest of the file. Default False.

    Raises:
        NothingToCheck: No rule is on.
        UnknownRule: The settings name a rule that there isn't.
        BadRule: What another distribution offers as a rule is none.
    """

    def __init__(self, settings: Settings, project: Project | None = None, *, digests: bool = False) -> None:
        rules = all_rules()
        self.settings: Settings = settings
        self.digests: bool = digests
        self.contents: Contents = Contents()
        self.project: Project = project or Project()
        self.known: frozenset[str] = known_names(rules)
        self.rules: tuple[Rule, ...] = selected(rules, settings)
        self.off: frozenset[str] = matching(rules, settings.ignore, "ignore")
        self._per_file = tuple(
            (Globs([glob]), matching(rules, codes, f"per-file-ignores {glob!r}"))
            for glob, codes in settings.per_file_ignores.items()
        )
        self._sets: dict[tuple[Role, frozenset[str]], tuple[tuple[Rule, ...], Prefilter]] = {}
        if not self.rules:
            raise NothingToCheck("rules", "select and ignore leave none on")

    def check(self, data: bytes, source: Source) -> Outcome:
        """Check one file's bytes."""
        off = self.off_in(source)
        rules, prefilter = self._rules_for(source.role, off)
        digest = digest_of(data) if self.digests else ""
        spared = not prefilter.passes(data)
        if spared and CODE in off:  # else the parser has to say whether it is a program
            return Outcome(lines=_lines(data), spared=True, digest=digest)
        file = self.parsed(data, source)
        if not isinstance(file, SourceFile):
            return Outcome((file,) if CODE not in off else (), lines=_lines(data), digest=digest)
        if spared:
            return Outcome(lines=file.text.lines, spared=True, digest=digest)
        findings, failures = findings_of(file, rules, self.known)
        return Outcome(tuple(findings), tuple(failures), file.text.lines, digest=digest)

    def parsed(self, data: bytes, source: Source) -> SourceFile | Finding:
        """Parse one file's bytes; see `parse`."""
        return parse(
            data,
            source.path,
            module=source.module,
            role=source.role,
            settings=self.settings,
            project=self.project,
        )

    def check_files(self, sources: Sequence[Source]) -> Iterator[Outcome]:
        """Check some files; what can't be read is a finding."""
        for source in sources:
            try:
                data = self.contents.take(source)
            except OSError as error:
                yield Outcome((problem(source.path, error),) if CODE not in self.off_in(source) else ())
                continue
            yield self.check(data, source)

    def off_in(self, source: Source) -> frozenset[str]:
        """The codes that `ignore` and `per-file-ignores` switch off in a file."""
        return self.off.union(*(codes for globs, codes in self._per_file if globs.match(source.relative)))

    def _rules_for(self, role: Role, off: frozenset[str]) -> tuple[tuple[Rule, ...], Prefilter]:
        key = role, off
        if key not in self._sets:
            rules = tuple(rule for rule in self.rules if rule.code not in off and applies(rule, role))
            self._sets[key] = rules, Prefilter(rules)
        return self._sets[key]


def digest_of(data: bytes) -> str:
    """What a file's bytes are known by."""
    import hashlib  # noqa: PLC0415  # OpenSSL takes as long to load as twenty files do

    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _lines(data: bytes) -> int:
    return data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
