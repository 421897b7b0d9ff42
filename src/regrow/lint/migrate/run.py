"""Migrations over many files: what they would do, or did, and what is left for a human."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from regrow.lint.configuration import Configuration
from regrow.lint.console import say
from regrow.lint.facts.addresses import is_own_address
from regrow.lint.file import SourceFile
from regrow.lint.fixing import check_links, write_back
from regrow.lint.mending import Mended, Write, mend_paths
from regrow.lint.migrate.catalogue import Migration
from regrow.lint.migrate.checks import Verifier, check_clean
from regrow.lint.migrate.journal import FOLDER, Journal, how_to_undo
from regrow.lint.model import Finding, Safety
from regrow.lint.parsing import parse

SENDS: Final = "RG201"
"""The rule that leaves sends to oneself alone: they are counted."""


@dataclass(frozen=True, slots=True)
class Manual:
    """A place that needs a human.

    Attributes:
        path: The file, as findings show it.
        line: From 1 on: as the file is now.
        column: From 1 on.
        migration: The code of the migration that it is about; empty for a file that can't be read.
        rule: The code of the rule that found it.
        reason: Why no program did it.
    """

    path: str
    line: int
    column: int
    migration: str
    rule: str
    reason: str


@dataclass(slots=True)
class Report:
    """What came of a run.

    Attributes:
        migrations: Which ones it was about.
        mode: ``scan``, ``diff`` or ``write``.
        checked: How many files were looked at.
        fixes: Code of a migration -> how many places it mended, or would mend.
        edited: The files that changed, or would.
        own_sends: How many sends of processes to themselves were left as they are; None if no migration
            is about sends.
        manual: What needs a human.
        alone: File -> why it was left as it was though there was something to mend.
        bugs: What went wrong by our own fault, a line each.
        files: Each file, with what it held and holds.
        journal: What `undo` takes; None where nothing was written.
    """

    migrations: tuple[Migration, ...]
    mode: str
    checked: int = 0
    fixes: Counter[str] = field(default_factory=Counter[str])
    edited: list[str] = field(default_factory=list[str])
    own_sends: int | None = None
    manual: list[Manual] = field(default_factory=list[Manual])
    alone: dict[str, str] = field(default_factory=dict[str, str])
    bugs: list[str] = field(default_factory=list[str])
    files: list[Mended] = field(default_factory=list[Mended])
    journal: str | None = None

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do, for this program or for a human."""
        waiting = self.fixes if self.mode != "write" else ()
        return not (waiting or self.manual or self.alone)


def migrate(
    paths: Sequence[Path],
    configuration: Configuration,
    migrations: tuple[Migration, ...],
    *,
    mode: str = "scan",
    allow_dirty: bool = False,
    backup: Path | None = None,
    verify: str | None = None,
) -> Report:
    """Run migrations over files, and over all Python files below folders.

    Args:
        paths: Relative to the working directory.
        configuration: Its settings say which files are looked at and what rules go by; which rules are on
            the migrations say.
        migrations: Which ones.
        mode: ``scan`` (default) and ``diff`` write nothing, ``write`` does.
        allow_dirty: Whether files are written though not everything is committed. Default False.
        backup: Where journals are. Default: ``.regrow_migrations`` in the configuration's root.
        verify: A command that is run after each file that was written; if it fails the file is put back.
            Default: none.

    Raises:
        NothingToCheck: There are no files, or the settings ignore all the rules.
        DirtyTree: Not everything is committed.
        FailsAlready: The command fails before anything was written.
    """
    root = configuration.root.absolute()
    rules = tuple(code for one in migrations for code in one.rules)
    settings = configuration.settings._replace(select=rules, extend_select=())
    journal = Journal(root / FOLDER if backup is None else backup, root)
    write = None
    if mode == "write":
        if not allow_dirty:
            check_clean(root)
        write = _writer(journal, None if verify is None else Verifier(verify))
    try:
        mending = mend_paths(paths, configuration._replace(settings=settings), unsafe=True, write=write)
    except BaseException:
        if journal.count:
            say(how_to_undo(journal.id))
        raise
    report = Report(migrations, mode, checked=len(mending.files), files=mending.files)
    by_rule = {code: one.code for one in migrations for code in one.rules}
    report.manual += (_manual(one, by_rule) for one in mending.problems)
    for file in mending.files:
        _add(report, file, by_rule)
    if SENDS in rules:
        report.own_sends = sum(_own_sends(file) for file in mending.files)
    report.journal = journal.id if journal.count else None
    return report


def _writer(journal: Journal, verifier: Verifier | None) -> Write:
    def write(file: Path, old: bytes, new: bytes) -> None:
        check_links(file)  # before it is said that there is something to undo
        journal.record(file, old, new)
        write_back(file, old, new)
        if verifier is not None:
            verifier.check(file, old, new)

    return write


def _add(report: Report, file: Mended, by_rule: dict[str, str]) -> None:
    report.fixes.update(by_rule[one.code] for one in file.made)
    path = file.source.path
    if file.is_changed:
        report.edited.append(path)
    if file.error is not None:
        report.alone[path] = file.error
    report.bugs += map(str, file.failures)
    report.bugs += (f"{path}:{one.line}: the fix of {one.code} would have broken it" for one in file.refused)
    # What wasn't written still has its findings where they were.
    for one in file.left if report.mode == "write" else file.before:
        fix = one.fix
        if fix is None or fix.safety is Safety.DISPLAY:
            report.manual.append(_manual(one, by_rule))


def _manual(finding: Finding, by_rule: dict[str, str]) -> Manual:
    reason = finding.fix.message if finding.fix else finding.message
    migration = by_rule.get(finding.code, "")
    return Manual(finding.path, finding.line, finding.column, migration, finding.code, reason)


def _own_sends(mended: Mended) -> int:
    """How many sends of processes to themselves there are."""
    if b"send" not in mended.old or b"regrow" not in mended.old:
        return 0
    source = mended.source
    file = parse(mended.old, source.path, module=source.module, role=source.role)
    return sum(1 for _ in own_sends(file)) if isinstance(file, SourceFile) else 0


def own_sends(file: SourceFile) -> Iterator[int]:
    """The lines on which a process sends itself a message, which is how it is done."""
    for call in file.calls_named("send"):
        if isinstance(call.func, ast.Attribute) and is_own_address(file, call.func.value):
            yield call.lineno
