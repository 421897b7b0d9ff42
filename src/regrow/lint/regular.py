"""Files that aren't regular ones: reading a FIFO waits for whoever writes it, and a device has no end."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

_KINDS: Final = (
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISDIR, "a folder"),
)


def oddity(file: Path) -> str | None:
    """Why a file isn't to be opened: ``it is a FIFO, not a regular file``.

    None for a regular file, and for one that can't be looked at: opening it says why.
    """
    try:
        return oddity_of(file.stat().st_mode)
    except OSError:
        return None


def oddity_of(mode: int) -> str | None:
    """As `oddity`, by a file's `st_mode`."""
    if stat.S_ISREG(mode):
        return None
    kind = next((kind for is_kind, kind in _KINDS if is_kind(mode)), "something else")
    return f"it is {kind}, not a regular file"
