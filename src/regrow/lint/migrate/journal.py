"""What files held before a migration wrote them, so that it can be undone.

A journal is a folder: ``journal.jsonl``, a line for each file, and the files' former bytes. Both are on disk
before the file itself is touched.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, cast

from regrow.errors.lint import CantUndo, NoSuchJournal
from regrow.lint.checker import digest_of
from regrow.lint.fixing import check_links, write_back
from regrow.lint.regular import oddity

FOLDER: Final = ".regrow_migrations"
"""Where journals are, below the configuration's root, where nobody says otherwise."""
_LINES: Final = "journal.jsonl"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file.

    Attributes:
        file: Where it is: relative to the journal's root where it lies below that.
        backup: The name of the file with what it held before.
        before: The digest of what it held before.
        after: The digest of what it was given.
    """

    file: str
    backup: str
    before: str
    after: str


class Journal:
    """The journal of one run; it is made when the first file is written.

    Args:
        folder: Where all journals are.
        root: What the files' names are relative to.
        now: When the run began; its id is made of it. Default: now.

    Attributes:
        id: What `undo` takes.
        count: How many files there are in it.
    """

    def __init__(self, folder: Path, root: Path, now: datetime | None = None) -> None:
        stamp = (now or datetime.now(UTC)).strftime("%Y%m%d-%H%M%S")
        self.id: str = stamp
        number = 1
        while (folder / self.id).exists():
            number += 1
            self.id = f"{stamp}-{number}"
        self.count: int = 0
        self._folder = folder
        self._root = root

    def record(self, file: Path, old: bytes, new: bytes) -> None:
        """Keep what a file holds, before it is written.

        Raises:
            OSError: It can't be kept.
        """
        own = self._folder / self.id
        if not self.count:
            own.mkdir(parents=True)
            (self._folder / ".gitignore").write_text("*\n", encoding="utf-8")  # the tree stays clean
        self.count += 1
        backup = f"{self.count:05}{file.suffix}"
        _write_down(own / backup, old, "xb")
        entry = {
            "file": (file.relative_to(self._root) if file.is_relative_to(self._root) else file).as_posix(),
            "backup": backup,
            "before": digest_of(old),
            "after": digest_of(new),
        }
        _write_down(own / _LINES, json.dumps(entry).encode() + b"\n", "ab")


def how_to_undo(id: str) -> str:
    """The command that undoes a run, as a line."""
    return f"regrow migrate undo {id}  # puts back what it held"


def undo(folder: Path, root: Path, id: str) -> list[Path]:
    """Put the files of a run back, all of them or none.

    Args:
        folder: Where all journals are.
        root: What the files' names are relative to.
        id: The run's.

    Returns:
        The files that were put back: those that hold what they held before aren't touched.

    Raises:
        NoSuchJournal: There is none with this id, or it can't be read.
        CantUndo: Files have changed since.
        HardLinked: A file has other names now; nothing was put back.
        FileChanged: A file changes at this very moment; those before it were put back.
        OSError: A file can't be written; those before it were put back.
    """
    found: list[tuple[Path, bytes, bytes]] = []
    changed: list[str] = []
    for entry in _entries(folder, id):
        file = root / entry.file
        now = file.read_bytes() if file.is_file() else b""
        if digest_of(now) == entry.before:
            continue
        if digest_of(now) == entry.after:
            found.append((file, now, _backup(folder, id, entry)))
        else:
            changed.append(entry.file)
    if changed:
        raise CantUndo(changed, str(folder / id))
    for file, _, _ in found:
        check_links(file)
    for file, now, before in found:
        write_back(file, now, before)
    return [file for file, _, _ in found]


def _entries(folder: Path, id: str) -> Iterator[Entry]:
    known = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    if id not in known:
        raise NoSuchJournal(id, str(folder), "no such id", known)
    lines = folder / id / _LINES  # none if the machine went down before the first file was written
    odd = oddity(lines)
    if odd is not None:
        raise NoSuchJournal(id, str(folder), f"{_LINES}: {odd}", known)
    text = lines.read_bytes().decode("ascii", errors="replace") if lines.exists() else ""
    for number, line in enumerate(text.splitlines(), 1):
        try:
            entry = _entry(cast("object", json.loads(line)))
        except (ValueError, TypeError):
            if number == text.count("\n") + 1:
                return  # the machine went down while it was written: its file wasn't touched
            raise NoSuchJournal(id, str(folder), f"line {number} of it can't be read", known) from None
        yield entry


def _entry(fields: object) -> Entry:
    entry = Entry(**cast("dict[str, str]", fields))
    if not all(isinstance(one, str) for one in cast("dict[str, object]", fields).values()):
        raise TypeError
    return entry


def _backup(folder: Path, id: str, entry: Entry) -> bytes:
    file = folder / id / entry.backup
    data = file.read_bytes() if file.is_file() else b""
    if digest_of(data) != entry.before:
        raise NoSuchJournal(id, str(folder), f"its file {entry.backup} isn't what was kept", [])
    return data


def _write_down(file: Path, data: bytes, mode: str) -> None:
    with file.open(mode) as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
