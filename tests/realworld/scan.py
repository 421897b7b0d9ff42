"""All rules over all packages, and the findings as sites that keep their names from run to run."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from regrow.lint.run import check_paths
from tests.realworld.corpus import ROOT, Package, packages

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, order=True)
class Site:
    """A finding, and the package that it is in.

    Attributes:
        rule: The rule's code.
        package: ``name==version``.
        path: Of the file in the package, posix.
        line: From 1 on.
        column: From 1 on.
        message: What the rule says.
        text: The line.
    """

    rule: str
    package: str
    path: str
    line: int
    column: int
    message: str
    text: str

    def rank(self, seed: int) -> str:
        """Its number in the draw, and its name.

        A rule's sites with the least numbers are drawn: every one is as likely as the others, and one that
        is found no more, since the rule was bettered, leaves its place to another without moving the rest.
        """
        what = (seed, self.rule, self.package, self.path, self.line, self.column)
        return hashlib.sha256(repr(what).encode()).hexdigest()[:12]


@dataclass(slots=True)
class Scan:
    """What all packages together gave.

    Attributes:
        sites: In the order of their fields.
        failures: Rules that raised an exception.
        lines: Lines by package.
        files: How many.
        seconds: How long the rules took, without fetching.
    """

    sites: list[Site] = field(default_factory=list[Site])
    failures: list[str] = field(default_factory=list[str])
    lines: dict[str, int] = field(default_factory=dict[str, int])
    files: int = 0
    seconds: float = 0.0


def scan(progress: Progress, *, only: Sequence[str] = (), jobs: int = 1) -> Scan:
    """Fetch what is missing, and look at all of it."""
    found = Scan()
    chosen = [one for one in packages() if not only or one.name in only]
    for number, package in enumerate(chosen, 1):
        progress(f"[{number}/{len(chosen)}] {package}: fetching")
        package.fetch()
        progress(f"[{number}/{len(chosen)}] {package}: checking")
        _look(package, found, jobs)
    progress("")
    found.sites.sort()
    return found


def _look(package: Package, found: Scan, jobs: int) -> None:
    began = time.monotonic()
    with contextlib.chdir(package.folder):
        report = check_paths([Path()], package.configuration, jobs=jobs)
    found.seconds += time.monotonic() - began
    name = str(package)
    found.lines[name] = report.lines
    found.files += report.files
    found.failures += [
        f"{name}: {one.path}: {one.code}: {one.error} at {one.place}" for one in report.failures
    ]
    found.sites += [
        Site(one.code, name, one.path, one.line, one.column, one.message, one.text) for one in report.findings
    ]


def scan_apart(hash_seed: int, *, only: Sequence[str] = (), jobs: int = 1) -> Scan:
    """The same in a process of its own, whose sets and dictionaries have another order."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "scan.json")
        command = [sys.executable, "-m", "tests.realworld", "scan", "--out", str(result), "--jobs", str(jobs)]
        command += ["--only", *only] if only else []
        environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        return read(result)


def write(found: Scan, file: Path) -> None:
    """Keep a scan."""
    file.write_text(json.dumps(asdict(found)))


def read(file: Path) -> Scan:
    """The scan that was kept."""
    kept = json.loads(file.read_text())
    return Scan(**{**kept, "sites": [Site(**one) for one in kept["sites"]]})
