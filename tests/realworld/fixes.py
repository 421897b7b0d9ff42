"""``regrow fix --unsafe`` over a copy of all packages: what it edits, and that all is as sound as before."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field, fields
from pathlib import Path

from regrow.lint.configuration import Configuration
from regrow.lint.engine import without_gc
from regrow.lint.fixing import compiles
from regrow.lint.mending import Mending, mend_paths
from regrow.lint.model import Finding, Safety
from regrow.lint.registry import own_rules
from regrow.lint.settings import Settings
from tests.realworld.corpus import ROOT, mended
from tests.realworld.scan import Progress

OWN = ROOT / "tests" / "lint" / "cases"
"""Our own bad lines, where the rules about Regrow's API find what nobody else's code has."""
_SKIPPED = ("site-packages", "__pycache__", "lib-dynload", "*.so", "*.a", "*.json", "*.html", "*.txt")


@dataclass(slots=True)
class Outcome:
    """What came of it.

    Attributes:
        fixes: Code of a rule -> fixes made in the packages.
        edits: Code of a rule -> edits of these.
        own: Code of a rule -> fixes made in our marker files.
        files: How many files were changed.
        broken: Files that could be compiled before and can't be now.
        again: What a second run changes.
        bugs: Rules that failed, and fixes that would have broken a file.
        left: Files that were left alone, with the reason.
    """

    fixes: Counter[str] = field(default_factory=Counter[str])
    edits: Counter[str] = field(default_factory=Counter[str])
    own: Counter[str] = field(default_factory=Counter[str])
    files: int = 0
    broken: list[str] = field(default_factory=list[str])
    again: list[str] = field(default_factory=list[str])
    bugs: list[str] = field(default_factory=list[str])
    left: list[str] = field(default_factory=list[str])

    @property
    def without(self) -> list[str]:
        """Codes of rules that can mend something, and mended nothing anywhere."""
        can = [rule.code for rule in own_rules() if rule.fix in {Safety.SAFE, Safety.UNSAFE}]
        return [code for code in can if not self.fixes[code] + self.own[code]]

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.broken or self.again or self.bugs or self.without)

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {**{one.name: getattr(self, one.name) for one in fields(self)}, "without": self.without}


def fix_all(progress: Progress, *, only: list[str]) -> Outcome:
    """Copy each package, fix the copy twice, and look at what that made of it."""
    outcome = Outcome()
    chosen = [one for one in mended() if not only or one.name in only]
    for number, package in enumerate(chosen, 1):
        progress(f"[{number}/{len(chosen)}] {package}")
        package.fetch()
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, package.name)
            shutil.copytree(package.folder, copy, ignore=shutil.ignore_patterns(*_SKIPPED), symlinks=True)
            _fix(copy, str(package), package.configuration._replace(root=copy), outcome, outcome.fixes)
    progress("")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "cases")
        shutil.copytree(OWN, copy)
        every = tuple(rule.code for rule in own_rules())
        for case in sorted(path for path in copy.iterdir() if path.is_dir()):
            tests = ("*",) if case.name.startswith("rg6") else ("tests",)
            settings = Settings(extend_select=every, tests=tests)
            _fix(case, f"cases/{case.name}", Configuration(case, settings=settings), Outcome(), outcome.own)
    return outcome


def _fix(
    folder: Path, name: str, configuration: Configuration, outcome: Outcome, fixes: Counter[str]
) -> None:
    with contextlib.chdir(folder), without_gc():
        first = mend_paths([Path()], configuration, unsafe=True)
        second = mend_paths([Path()], configuration, unsafe=True)
    for one in first.files:
        fixes.update(finding.code for finding in one.made)
        for finding in one.made:
            outcome.edits[finding.code] += len(finding.fix.edits) if finding.fix else 0
        outcome.bugs += [
            f"{name}: {failure.path}: {failure.code} {failure.error}" for failure in one.failures
        ]
        outcome.bugs += [f"{name}: {_where(finding)}: refused" for finding in one.refused]
        outcome.left += [f"{name}: {one.error}"] if one.error else []
        outcome.files += one.is_changed
        if one.is_changed and compiles(one.old) and not compiles(one.source.file.read_bytes()):
            outcome.broken.append(f"{name}: {one.source.path}")
    outcome.again += [f"{name}: {line}" for line in _changes(second)]


def _changes(mending: Mending) -> list[str]:
    return [f"{_where(finding)}" for one in mending.files for finding in one.made]


def _where(finding: Finding) -> str:
    return f"{finding.path}:{finding.line}:{finding.column} {finding.code}"
