"""What SQLite's errors mean for a journal."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import apsw
import msgspec

from regrow.errors import JournalDamaged, JournalFailed

__all__ = ("DAMAGE", "described", "failing", "lost_sync")

DAMAGE: Final = (apsw.CorruptError, apsw.NotADBError, msgspec.DecodeError, UnicodeDecodeError)
"""The file itself is wrong, or holds what was never written."""

_SYNCS: Final = (
    apsw.SQLITE_IOERR_FSYNC,
    apsw.SQLITE_IOERR_DIR_FSYNC,
    apsw.SQLITE_IOERR_CLOSE,
    apsw.SQLITE_IOERR_DATA,
)


def described(error: Exception) -> str:
    """The error's name and text, for people."""
    return f"{type(error).__name__}: {error}"


def lost_sync(error: apsw.Error) -> bool:
    """Whether what was written before may be lost, though it was said to be safe.

    After a failed fsync the operating system may forget what it could not write, and a later fsync
    succeeds without it.
    """
    return getattr(error, "extendedresult", 0) in _SYNCS


@contextmanager
def failing(path: object, doing: str) -> Generator[None]:
    """Turn what SQLite and the operating system raise into a journal's errors; the file stays as it is."""
    try:
        yield
    except DAMAGE as error:
        raise JournalDamaged(path, described(error), None) from error
    except (apsw.Error, OSError) as error:
        raise JournalFailed(path, described(error), doing) from error
