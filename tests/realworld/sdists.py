"""Distributions with tests of their own, which pass the same tests after ``regrow fix --unsafe``."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

from regrow.lint.mending import mend_paths
from tests.realworld.corpus import CACHE, PINS, ROOT, Package, packages
from tests.realworld.scan import Progress

_TEST_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Tested:
    """What came of one distribution.

    Attributes:
        package: ``name==version``.
        fixes: Code of a rule -> fixes made.
        before: Test -> ``passed``, ``failed`` or ``skipped``, before the fixes.
        after: The same after them.
    """

    package: str
    fixes: Counter[str] = field(default_factory=Counter[str])
    before: dict[str, str] = field(default_factory=dict[str, str])
    after: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def differences(self) -> list[str]:
        """Tests that end in another way, are gone, or new."""
        names = sorted(self.before.keys() | self.after.keys())
        ends = [(name, self.before.get(name, "missing"), self.after.get(name, "missing")) for name in names]
        return [f"{name}: {first}, then {second}" for name, first, second in ends if first != second]

    @property
    def is_sound(self) -> bool:
        """Whether something was fixed, something passes, and nothing else changed."""
        return bool(self.fixes) and "passed" in self.before.values() and not self.differences


def run_all(progress: Progress, *, only: list[str]) -> Iterator[Tested]:
    """Each in an environment of its own, before and after."""
    tested = tomllib.loads(PINS.read_text())["tested"]
    for package in packages():
        if package.name not in tested or package.kind != "sdist" or (only and package.name not in only):
            continue
        entry = tested[package.name]
        package.fetch()
        progress(f"{package}: its environment")
        python = _environment(package, entry["requires"])
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, package.name)
            shutil.copytree(package.folder, copy)
            progress(f"{package}: its tests, before")
            before = _run(python, copy, entry["path"])
            progress(f"{package}: fixes")
            fixes = _fix(package, copy)
            progress(f"{package}: its tests, after")
            yield Tested(str(package), fixes, before, _run(python, copy, entry["path"]))
        progress("")


def _fix(package: Package, copy: Path) -> Counter[str]:
    with contextlib.chdir(copy):
        mending = mend_paths([Path()], package.configuration._replace(root=copy), unsafe=True)
    return Counter(finding.code for one in mending.files for finding in one.made)


def _environment(package: Package, requires: list[str]) -> Path:
    """Made once: what the package, its tests, and Regrow need: fixed code imports that.

    The copies stand before what is installed here on the path.
    """
    folder = CACHE / "environments" / package.name
    own = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    wanted = [str(package), *requires, *own]
    marker = folder / ".installed"
    if not marker.exists() or marker.read_text().split("\n") != wanted:
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([*pip, *wanted], check=True, stderr=subprocess.DEVNULL)
        marker.write_text("\n".join(wanted))
    return folder / "bin" / "python"


def _run(python: Path, folder: Path, path: str) -> dict[str, str]:
    """How each test ends."""
    report = folder.parent / "report.xml"
    report.unlink(missing_ok=True)
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junit-xml={report}", "tests"]
    paths = os.pathsep.join([str(folder / path), str(ROOT / "src")])
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, timeout=_TEST_SECONDS, check=False
    )
    if not report.exists():
        return {}
    return {
        f"{case.get('classname')}::{case.get('name')}": _end(case)
        for case in ET.parse(report).iter("testcase")
    }


def _end(case: ET.Element) -> str:
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    return "passed" if case.find("skipped") is None else "skipped"
