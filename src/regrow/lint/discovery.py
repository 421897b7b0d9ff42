"""The files to check: found below paths, with what each is for and what it is called."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from regrow.errors.lint import NothingToCheck
from regrow.lint.configuration import Configuration
from regrow.lint.globs import Globs
from regrow.lint.model import Finding, Role
from regrow.lint.parsing import unreadable
from regrow.lint.regular import oddity_of
from regrow.lint.settings import Settings

_SUFFIXES: Final = (".py", ".pyi")
_LISTED: Final = 3
NOTEBOOK: Final = ".ipynb"
"""How the names of files end that are skipped aloud."""


class Source(NamedTuple):
    """A file to check.

    Attributes:
        file: Where it is.
        path: Posix, as findings show it: relative to the working directory where it lies below that.
        relative: Posix, relative to the configuration's root; what globs are matched against.
        role: What it is for.
        module: Its dotted name.
    """

    file: Path
    path: str
    relative: str
    role: Role
    module: str


class Found(NamedTuple):
    """What there is below some paths.

    Attributes:
        sources: The files to check, by path.
        problems: What can't be looked at, ``RG001``.
        skipped: Notebooks, posix.
        excluded: Folders and Python files that a glob of `exclude` leaves out, posix, by path.
    """

    sources: tuple[Source, ...]
    problems: tuple[Finding, ...]
    skipped: tuple[str, ...]
    excluded: tuple[str, ...] = ()

    @property
    def left_out(self) -> str:
        """Why there may be fewer files than somebody expects, for the end of a sentence."""
        more = f" and {len(self.excluded) - _LISTED:,} more" if len(self.excluded) > _LISTED else ""
        excluded = f"; exclude leaves out {', '.join(self.excluded[:_LISTED])}{more}" if self.excluded else ""
        skipped = f"; notebooks aren't looked at ({', '.join(self.skipped)})" if self.skipped else ""
        return excluded + skipped


def find(paths: Iterable[Path], configuration: Configuration) -> Found:
    """Find the files to check.

    Below a folder these are all ``.py`` and ``.pyi`` files that no glob of `exclude` matches. Not looked at
    are ``__pycache__``, virtual environments and names that start with a dot. A file that is named itself
    is checked whatever it is called. Symbolic links are followed; nothing but regular files is opened.
    """
    search = _Search(configuration)
    for path in paths:
        search.add(absolute(path))
    sources = tuple(search.sources[key] for key in sorted(search.sources))
    excluded = tuple(sorted(map(shown, search.excluded)))
    return Found(sources, tuple(search.problems), tuple(sorted(search.skipped)), excluded)


def find_any(paths: Sequence[Path], configuration: Configuration) -> Found:
    """As `find`, for those who have nothing to do without files.

    Raises:
        NothingToCheck: There are none.
    """
    found = find(paths, configuration)
    if not (found.sources or found.problems):
        below = ", ".join(map(str, paths))
        raise NothingToCheck("files", f"no .py or .pyi file is below {below}{found.left_out}")
    return found


def source(file: Path, configuration: Configuration, start: Path | None = None) -> Source:
    """What a file is for and what it is called.

    Args:
        file: Absolute; it need not exist.
        configuration: The run's settings, and the root that they are relative to.
        start: Where the search began that found it, for files outside the root. Default: its folder.
    """
    relative = _relative(file, configuration, start)
    role = _role(relative, configuration.settings)
    return Source(file, shown(file), relative, role, _module(file, configuration))


def absolute(path: Path) -> Path:
    """A path from the root on, without ``..``; links stay links."""
    return Path(os.path.normpath(Path.cwd() / path))


def shown(file: Path) -> str:
    """A path as findings show it."""
    below = _below(file, Path.cwd())
    return file.as_posix() if below is None else below


def problem(path: str, why: str | OSError) -> Finding:
    """The finding that says why a file can't be looked at."""
    if isinstance(why, OSError):
        why = why.strerror or type(why).__name__
    return unreadable(path, f"can't be read: {why}")


class _Search:
    def __init__(self, configuration: Configuration) -> None:
        self.sources: dict[str, Source] = {}
        self.problems: list[Finding] = []
        self.skipped: set[str] = set()
        self.excluded: list[Path] = []
        self._configuration = configuration
        self._exclude = Globs(configuration.settings.exclude) if configuration.settings.exclude else None
        self._folders: set[tuple[int, int]] = set()

    def add(self, start: Path) -> None:
        """Take a file, or what is below a folder."""
        if not start.is_dir():
            self._take(start, start.parent)
            return
        folders, links = [start], list[Path]()
        while folders or links:
            # Links last: what can be reached without them is shown without them.
            folder = folders.pop() if folders else links.pop()
            for entry in self._entries(folder):
                path = folder / entry.name
                if entry.name.startswith("."):
                    continue
                is_folder = _is_folder(entry)
                if not is_folder and not entry.name.endswith((*_SUFFIXES, NOTEBOOK)):
                    continue
                if self._is_excluded(path, start):
                    self.excluded.append(path)
                elif is_folder:
                    self._enter(path, links if entry.is_symlink() else folders)
                else:
                    self._take(path, start)

    def _entries(self, folder: Path) -> Iterator[os.DirEntry[str]]:
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in self._folders:
                return
            self._folders.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                yield from sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self.problems.append(problem(shown(folder), error))

    def _enter(self, path: Path, queue: list[Path]) -> None:
        if path.name == "__pycache__" or (path / "pyvenv.cfg").exists():
            return
        if path.is_symlink() and path.parent.resolve().is_relative_to(path.resolve()):
            self.problems.append(problem(shown(path), "a symbolic link to a folder that it stands in"))
            return
        queue.append(path)

    def _take(self, path: Path, start: Path) -> None:
        name = shown(path)
        if path.suffix == NOTEBOOK:
            self.skipped.add(name)
            return
        try:
            odd = oddity_of(path.stat().st_mode)
        except OSError as error:
            self.problems.append(problem(name, error))
            return
        if odd is None:
            self.sources.setdefault(name, source(path, self._configuration, start))
        else:
            self.problems.append(problem(name, odd))

    def _is_excluded(self, path: Path, start: Path) -> bool:
        if self._exclude is None:
            return False
        return self._exclude.match(_relative(path, self._configuration, start))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle: reading it says so
        return False


def _relative(file: Path, configuration: Configuration, start: Path | None) -> str:
    below = _below(file, configuration.root.absolute())
    if below is None and start is not None:
        below = _below(file, start)
    return file.name if below is None else below


def _below(file: Path, folder: Path) -> str | None:
    """A path relative to a folder that it is in, posix; None if it is elsewhere.

    As `Path.relative_to`, which takes a third of a run that finds all files in the cache.
    """
    path, prefix = str(file), os.path.join(folder, "")  # noqa: PTH118  # with the separator at its end
    if path.startswith(prefix):
        return path[len(prefix) :].replace(os.sep, "/")
    return "." if file == folder else None


def _role(path: str, settings: Settings) -> Role:
    name = path.rpartition("/")[2]
    if name == "conftest.py" or _globs(settings.test_support).match(path):
        return Role.SUPPORT
    is_test = name.startswith("test_") or name.rpartition(".")[0].endswith("_test")
    if is_test or _globs(settings.tests).match(path):
        return Role.TEST
    return Role.SCRIPT if _globs(settings.scripts).match(path) else Role.CODE


@lru_cache(maxsize=16)
def _globs(globs: tuple[str, ...]) -> Globs:
    return Globs(globs)


def _module(file: Path, configuration: Configuration) -> str:
    """Its dotted name below a folder of the setting ``src``; elsewhere below its outermost package."""
    for base in _bases(configuration.root.absolute(), configuration.settings.src):
        below = _below(file, base)
        if below is not None:
            break
    else:
        base = file.parent
        while (base / "__init__.py").exists() and base != base.parent:
            base = base.parent
        below = _below(file, base) or file.name
    parts = below.removesuffix(file.suffix).split("/")
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@lru_cache(maxsize=16)
def _bases(root: Path, folders: tuple[str, ...]) -> tuple[Path, ...]:
    return tuple(Path(os.path.normpath(root / folder)) for folder in folders)
