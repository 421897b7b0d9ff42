"""A VFS that writes down what SQLite does to the files of one folder, and what the store does beside it.

Nothing is synced really; what a sync would make safe is part of the record.
"""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Collection, Generator, Mapping
from pathlib import Path
from typing import Final, Literal, TypeAlias
from unittest import mock

import apsw

from tests.power.disk import Event, Link, Sync, SyncNames, Truncate, Write

__all__ = ("SYNCS", "Log", "SyncKind", "recording")

SyncKind: TypeAlias = Literal["database", "log", "journal", "names"]
SYNCS: Final[tuple[SyncKind, ...]] = SyncKind.__args__  # type: ignore[attr-defined]
"""What is synced: the database (or its copy), its write-ahead log, a rollback journal, the folder."""

_KINDS: Final[dict[int, SyncKind]] = {
    apsw.SQLITE_OPEN_WAL: "log",
    apsw.SQLITE_OPEN_MAIN_JOURNAL: "journal",
}
_BASE: Final = "unix"


class Log:
    """What is done to the files of a folder, in order.

    Args:
        folder: Where; it is empty.
        seed: Of SQLite's random numbers, so that a record is the same each time.
        ignored: Syncs that have no effect, as if the code had left them out.
    """

    def __init__(self, folder: Path, seed: str, ignored: Collection[SyncKind] = ()) -> None:
        self.folder: Final = folder
        self.randomness: Final = random.Random(seed)
        self.events: Final[list[Event]] = []
        self._ignored = ignored
        self._names: dict[str, int] = {}
        self._files = 0

    def place(self, files: Mapping[str, bytes]) -> None:
        """Begin with these files, all of them safe."""
        for name, data in files.items():
            (self.folder / name).write_bytes(data)
            file = self.open(name)
            self.events.extend((Write(file, 0, data), Sync(file)))
        self.events.append(SyncNames())

    def knows(self, path: str) -> bool:
        """Whether this is a file that is recorded; the lock file needs no disk."""
        return Path(path).parent == self.folder and not path.endswith(".lock")

    def open(self, path: str) -> int:
        """The number of the file with this name, which is new if there was none."""
        name = Path(path).name
        if name not in self._names:
            self._files += 1
            self._names[name] = self._files
            self.events.append(Link(name, self._files))
        return self._names[name]

    def delete(self, path: str) -> None:
        """A name is gone."""
        name = Path(path).name
        if self._names.pop(name, None) is not None:
            self.events.append(Link(name, None))

    def sync(self, kind: SyncKind, file: int) -> None:
        """A file is synced."""
        if kind not in self._ignored:
            self.events.append(Sync(file))

    def sync_names(self) -> None:
        """The folder is synced."""
        if "names" not in self._ignored:
            self.events.append(SyncNames())

    def sync_descriptor(self, descriptor: int) -> None:
        """`os.fsync`: the folder, or a file in it."""
        stat = os.fstat(descriptor)
        if os.path.samestat(stat, self.folder.stat()):
            self.sync_names()
        for name, file in self._names.items():
            if os.path.samestat(stat, (self.folder / name).stat()):
                self.sync("database", file)


@contextlib.contextmanager
def recording(log: Log) -> Generator[None]:
    """Have everything recorded that goes through SQLite's usual VFS or through `os`."""
    open_file = os.open

    def open_recorded(path: str | Path, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        descriptor = open_file(path, flags, mode, dir_fd=dir_fd)
        if flags & os.O_CREAT and log.knows(str(path)):
            log.open(str(path))
        return descriptor

    vfs = _Recorder(log)
    apsw.randomness(0)  # starts anew, with what the VFS gives
    try:
        with (
            mock.patch.object(os, "open", open_recorded),
            mock.patch.object(os, "fsync", log.sync_descriptor),
        ):
            yield
    finally:
        vfs.unregister()
        apsw.randomness(0)


class _Recorder(apsw.VFS):
    def __init__(self, log: Log) -> None:
        self._log = log
        super().__init__("regrow-power-recorder", _BASE, makedefault=True)

    def xOpen(  # noqa: N802  # SQLite's name
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> apsw.VFSFile:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        if path is None or not self._log.knows(path):
            return apsw.VFSFile(_BASE, name, flags)
        return _RecordedFile(self._log, name, path, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(filename, syncdir)
        if self._log.knows(filename):
            self._log.delete(filename)
            if syncdir:
                self._log.sync_names()

    def xRandomness(self, numbytes: int) -> bytes:  # noqa: N802
        return self._log.randomness.randbytes(numbytes)


class _RecordedFile(apsw.VFSFile):
    def __init__(self, log: Log, name: str | apsw.URIFilename | None, path: str, flags: list[int]) -> None:
        asked = flags[0]
        super().__init__(_BASE, name, flags)
        self._log = log
        kinds: list[SyncKind] = [kind for flag, kind in _KINDS.items() if asked & flag]
        self._kind: SyncKind = kinds[0] if kinds else "database"
        # As SQLite's VFS for Unix does: the first sync of a log or journal makes its name safe, too.
        self._new = self._kind != "database" and bool(asked & apsw.SQLITE_OPEN_CREATE)
        self._file = log.open(path)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        super().xWrite(data, offset)
        self._log.events.append(Write(self._file, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        super().xTruncate(newsize)
        self._log.events.append(Truncate(self._file, newsize))

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._log.sync(self._kind, self._file)
        if self._new:
            self._new = False
            self._log.sync_names()
