"""A SQLite VFS whose files fail on demand, as a full disk, a broken one or a read-only one does."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import apsw

_numbers = itertools.count(1)

ENOSPC = apsw.SQLITE_FULL
EIO_WRITE = apsw.SQLITE_IOERR_WRITE
EIO_READ = apsw.SQLITE_IOERR_READ
EIO_SYNC = apsw.SQLITE_IOERR_FSYNC


class Faults(apsw.VFS):
    """The usual VFS under a name of its own; pass `name` to what opens files.

    `plan` says which calls fail: by method ("xWrite", "xSync", "xRead", "xTruncate") and the end of the
    file's name the SQLite error code. A failing write has written what it should all the same if `late`.
    """

    def __init__(self) -> None:
        self.name = f"faults-{next(_numbers)}"
        self.plan: dict[tuple[str, str], int] = {}
        self.late = False
        self.read_only = False
        self.calls: list[tuple[str, str]] = []
        super().__init__(self.name, "")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802  # SQLite's name
        if self.read_only and flags[0] & apsw.SQLITE_OPEN_MAIN_DB:
            flags[0] = flags[0] & ~(apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
            flags[0] |= apsw.SQLITE_OPEN_READONLY
        return _File(self, name, flags)

    @contextmanager
    def failing(self, method: str, error: int, end: str = "") -> Iterator[None]:
        """Let the method fail for files whose names end so."""
        self.plan[method, end] = error
        try:
            yield
        finally:
            del self.plan[method, end]

    def called(self, method: str, file: str) -> None:
        self.calls.append((method, file))
        for (failing, end), error in self.plan.items():
            if failing == method and file.endswith(end):
                raise apsw.exception_for(error)


class _File(apsw.VFSFile):
    def __init__(self, vfs: Faults, name: Any, flags: list[int]) -> None:
        self._vfs = vfs
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        super().__init__("", name, flags)

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802
        if self._vfs.late:
            super().xWrite(data, offset)
        self._vfs.called("xWrite", self._name)
        super().xWrite(data, offset)

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        self._vfs.called("xRead", self._name)
        return super().xRead(amount, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._vfs.called("xSync", self._name)
        super().xSync(flags)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._vfs.called("xTruncate", self._name)
        super().xTruncate(newsize)
