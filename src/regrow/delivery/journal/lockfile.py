"""One owner at a time: a lock file beside the journal, locked as long as its owner lives."""

from __future__ import annotations

import fcntl
import os
import weakref
from pathlib import Path
from typing import final

from regrow.errors import JournalLocked

__all__ = ("LockFile",)


@final
class LockFile:
    """An exclusive lock on `<path>.lock`, which holds the owner's pid for people to read.

    The operating system gives it back however its owner ends. It stands beside the journal because SQLite's
    own locks come and go with transactions. The file stays: removing it would let two owners in. A forked
    child doesn't keep the lock.
    """

    __slots__ = ("__weakref__", "_file", "path")

    def __init__(self, journal: Path) -> None:
        self.path: Path = journal.with_name(journal.name + ".lock")
        self._file: int | None = None

    @property
    def held(self) -> bool:
        """Whether this process holds it; False in a forked child."""
        return self._file is not None

    def take(self, owner: str) -> None:
        """Lock it for `owner`.

        Raises:
            JournalLocked: Another owner has it, in this process or another one.
            OSError: The file can't be made.
        """
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(file, 0)
            os.pwrite(file, owner.encode(), 0)
        except BlockingIOError:
            other = os.pread(file, 200, 0).decode(errors="replace") or "another process"
            os.close(file)
            raise JournalLocked(self.path.with_suffix(""), other) from None
        except BaseException:
            os.close(file)
            raise
        self._file = file
        _held.add(self)

    def release(self) -> None:
        """Give it back; nothing if it isn't held."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


_held: weakref.WeakSet[LockFile] = weakref.WeakSet()


def _forget_in_child() -> None:
    # Closing is enough, and unlocking would take the lock from the parent: both share one open file.
    for lock in list(_held):
        lock.release()


os.register_at_fork(after_in_child=_forget_in_child)
