"""The packages of corpus.toml and the standard library: fetched from the package index, never committed."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from regrow.lint.configuration import Configuration
from regrow.lint.registry import own_rules
from regrow.lint.settings import Settings

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".realworld"
PINS = Path(__file__).parent / "corpus.toml"
STDLIB = "cpython"
_FETCH_SECONDS = 600
_EXCLUDED = {"stdlib": ("site-packages", "lib-dynload"), "own": ("tests/lint/cases",)}


@dataclass(frozen=True, slots=True)
class Package:
    """One distribution.

    Attributes:
        name: As the package index has it.
        version: The one that is looked at.
        kind: ``wheel``, ``sdist``, ``stdlib``, or ``own``: this project at a commit, which is the version.
    """

    name: str
    version: str
    kind: str

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"

    @property
    def folder(self) -> Path:
        """Where its files are once they are fetched; what paths of findings are relative to."""
        if self.kind == "stdlib":
            return Path(sysconfig.get_paths()["stdlib"])
        return CACHE / self.kind / f"{self.name}-{self.version}"

    @property
    def configuration(self) -> Configuration:
        """The settings that it is looked at with: the defaults, all rules, and what its team would add."""
        every = tuple(rule.code for rule in own_rules())
        exclude = _EXCLUDED.get(self.kind, ())
        owners = tuple(_pins()["settings"].get(self.name, {}).get("supervised-spawners", ()))
        return Configuration(
            self.folder, settings=Settings(extend_select=every, exclude=exclude, supervised_spawners=owners)
        )

    def fetch(self) -> bool:
        """Fetch and unpack it, if that wasn't done before; whether it was done now."""
        if self.folder.exists():
            return False
        CACHE.mkdir(exist_ok=True)
        (CACHE / ".gitignore").write_text("*\n")
        partial = CACHE / f"partial-{self.name}"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        _unpack(self._archive(partial) if self.kind == "own" else self._download(partial), partial / "files")
        self.folder.parent.mkdir(exist_ok=True)
        files = partial / "files"
        only = list(files.iterdir())
        (only[0] if self.kind == "sdist" and len(only) == 1 else files).rename(self.folder)
        shutil.rmtree(partial)
        return True

    def _archive(self, folder: Path) -> Path:
        archive = folder / "own.tar"
        command = ["git", "-C", str(ROOT), "archive", "--output", str(archive), self.version]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_FETCH_SECONDS, check=False)
        if done.returncode:
            raise SystemExit(f"realworld: {self} isn't in this clone: {done.stderr.strip()}")
        return archive

    def _download(self, folder: Path) -> Path:
        form = ["--only-binary", ":all:"] if self.kind == "wheel" else ["--no-binary", self.name]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        command += ["--no-deps", *form, "--dest", str(folder), str(self)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_FETCH_SECONDS, check=False)
        if done.returncode:
            raise SystemExit(f"realworld: {self} can't be fetched: {done.stderr.strip().splitlines()[-1]}")
        return next(one for one in folder.iterdir() if one.is_file())


@cache
def _pins() -> dict[str, Any]:
    return tomllib.loads(PINS.read_text())


def packages() -> Iterator[Package]:
    """The standard library, and what corpus.toml pins: the code that rules are judged by."""
    yield Package(STDLIB, platform.python_version(), "stdlib")
    yield from _pinned("wheel", "wheel")
    yield from _pinned("sdist", "sdist")


def mended() -> Iterator[Package]:
    """What fixes are tried on: all packages, and some more, where rules have more to mend."""
    yield from packages()
    yield from _pinned("mended", "sdist")
    yield from _pinned("own", "own")


def _pinned(table: str, kind: str) -> Iterator[Package]:
    for name, version in _pins()[table].items():
        yield Package(name, version, kind)


def _unpack(archive: Path, folder: Path) -> None:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(folder)
    else:
        with tarfile.open(archive) as sdist:
            sdist.extractall(folder, filter="data")
