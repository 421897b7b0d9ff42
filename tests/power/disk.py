"""A disk and the memory before it: what was written is safe when it was synced, and not before.

Whatever was not synced may be there or not, in any order, by sectors: also lengths of files and names. Like
the page cache does, a sector is written as a whole, as it was at some moment since the last sync.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

__all__ = ("SECTOR", "Disk", "Event", "Link", "Loss", "Sync", "SyncNames", "Truncate", "Write")

SECTOR: Final = 512

Loss: TypeAlias = Literal["nothing", "everything", "tail", "writes", "sectors"]
"""What is lost of the unsynced: nothing (as after a kill -9), everything, what came after some moment (the
write of that moment torn), any writes, any sectors."""

LOSSES: Final[tuple[Loss, ...]] = Loss.__args__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes of a file, which is known by a number: names come and go."""

    file: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    """A file has this length now."""

    file: int
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """All that was written to this file is safe."""

    file: int


@dataclass(frozen=True, slots=True)
class Link:
    """A name stands for this file now, or for none."""

    name: str
    file: int | None


@dataclass(frozen=True, slots=True)
class SyncNames:
    """All names in the folder are safe as they are."""


Change: TypeAlias = Write | Truncate
Event: TypeAlias = Change | Sync | Link | SyncNames


@dataclass(slots=True)
class _File:
    safe: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list)

    def sync(self) -> None:
        for change in self.pending:
            _apply(change, self.safe)
        self.pending.clear()

    def image(self, loss: Loss, rng: random.Random) -> bytes:
        """What may be found of it."""
        now, found = bytearray(self.safe), bytearray(self.safe)
        sizes = [len(now)]
        keeps = _Keeps(loss, len(self.pending), rng)
        for number, change in enumerate(self.pending):
            _apply(change, now)
            sizes.append(len(now))
            if isinstance(change, Write):
                first, last = change.offset // SECTOR, (change.offset + len(change.data) - 1) // SECTOR
                for sector in keeps.sectors(number, first, last):
                    _put(found, sector * SECTOR, now[sector * SECTOR : (sector + 1) * SECTOR], rng)
            elif keeps.whole(number):
                _apply(change, found)
        if loss in ("writes", "sectors") and rng.random() < 0.5:
            _resize(found, rng.choice(sizes), rng)
        return bytes(found)


class Disk:
    """A folder of files. `apply` what is done to it in order; `image` at any moment."""

    def __init__(self) -> None:
        self._files: dict[int, _File] = {}
        self._names: dict[str, int] = {}
        self._links: list[Link] = []

    def apply(self, event: Event) -> None:
        """Something is done to the files."""
        match event:
            case Write() | Truncate():
                self._files.setdefault(event.file, _File()).pending.append(event)
            case Sync():
                self._files.setdefault(event.file, _File()).sync()
            case Link():
                self._links.append(event)
            case SyncNames():
                for link in self._links:
                    _rename(link, self._names)
                self._links.clear()

    def image(self, loss: Loss, rng: random.Random) -> dict[str, bytes]:
        """What may be found after the power was cut now, by name."""
        names = dict(self._names)
        keeps = _Keeps(loss, len(self._links), rng)
        for number, link in enumerate(self._links):
            if keeps.whole(number):
                _rename(link, names)
        return {
            name: self._files[file].image(loss, rng) if file in self._files else b""
            for name, file in sorted(names.items())
        }


class _Keeps:
    """Which of some changes have reached the disk."""

    def __init__(self, loss: Loss, changes: int, rng: random.Random) -> None:
        self._loss = loss
        self._rng = rng
        self._share = rng.choice((0.05, 0.5, 0.9))
        self._torn = rng.randrange(changes + 1)

    def whole(self, number: int) -> bool:
        """Whether a change that can't be torn has."""
        if self._loss == "tail":
            return number < self._torn
        return self._loss == "nothing" or (self._loss != "everything" and self._rng.random() < self._share)

    def sectors(self, number: int, first: int, last: int) -> list[int]:
        """Which sectors of a write have."""
        sectors = range(first, last + 1)
        if self._loss == "sectors" or (self._loss == "tail" and number == self._torn):
            return [sector for sector in sectors if self._rng.random() < self._share]
        return list(sectors) if self.whole(number) else []


def _apply(change: Change, content: bytearray) -> None:
    if isinstance(change, Write):
        _put(content, change.offset, change.data, None)
    else:
        _resize(content, change.size, None)


def _put(content: bytearray, offset: int, data: bytes | bytearray, rng: random.Random | None) -> None:
    _resize(content, max(len(content), offset), rng)
    content[offset : offset + len(data)] = data


def _resize(content: bytearray, size: int, rng: random.Random | None) -> None:
    """What is new is zero; with `rng`, perhaps what the disk held there before."""
    more = size - len(content)
    if more < 0:
        del content[size:]
    else:
        content.extend(rng.randbytes(more) if rng is not None and rng.random() < 0.3 else bytes(more))


def _rename(link: Link, names: dict[str, int]) -> None:
    if link.file is None:
        names.pop(link.name, None)
    else:
        names[link.name] = link.file
