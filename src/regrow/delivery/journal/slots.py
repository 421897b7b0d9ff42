"""Which deliveries were being handled when the process was killed: 16 bytes of shared memory for each.

The file is written by the kernel, whenever it likes: it outlives `kill -9` at the cost of a memory write.
It may be lost with the power, and then names nobody.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Container
from functools import partial
from pathlib import Path
from struct import Struct
from typing import Final, TypeAlias, final

import msgspec

__all__ = ("Named", "Slots", "mapped_slots", "memory_slots")

SLOT: Final = Struct("<QHHI")
FIRST: Final = 1024
"""Slots that there are from the beginning."""
USED: Final = 1
NOT_REPEATABLE: Final = 2
MAX_CRASHES: Final = 0xFFFF
_SEED: Final = 0x5A17C0DE
_PLAIN: Final = _SEED ^ USED
_MOST: Final = 0xFFFFFFFF

Buffer: TypeAlias = "bytearray | mmap.mmap"


@final
class Named(msgspec.Struct, frozen=True, gc=False):
    """A delivery that a slot names: its handler had begun and nobody knows how it ended.

    `crashes` is its count at that time, so that it is never counted twice.
    """

    id: int
    crashes: int
    repeatable: bool


@final
class Slots:
    """Names the deliveries whose handlers run.

    Args:
        buffer: Where to: memory that outlives what it is about.
        grow: Gives the buffer with so many bytes, when there are too few.
    """

    __slots__ = ("_buffer", "_closed", "_free", "_grow")

    def __init__(self, buffer: Buffer, grow: Callable[[int], Buffer]) -> None:
        self._buffer = buffer
        self._grow = grow
        self._free: list[int] = []
        self._closed = False

    def named(self) -> list[Named]:
        """What the slots name, and who is torn names nobody."""
        found: list[Named] = []
        for offset in range(0, len(self._buffer) - SLOT.size + 1, SLOT.size):
            id, crashes, flags, check = SLOT.unpack_from(self._buffer, offset)
            if flags & USED and check == _check(id, crashes, flags):
                found.append(Named(id, crashes, not flags & NOT_REPEATABLE))
        return found

    def clear(self, keep: Container[int] = ()) -> dict[int, int]:
        """Nobody runs. Returns the slots of those deliveries that are to stay named."""
        if len(self._buffer) < FIRST * SLOT.size:
            self._buffer = self._grow(FIRST * SLOT.size)
        kept: dict[int, int] = {}
        self._free.clear()
        for slot in range(len(self._buffer) - SLOT.size, -1, -SLOT.size):
            id = SLOT.unpack_from(self._buffer, slot)[0]
            if id in keep and id not in kept:
                kept[id] = slot
            else:
                self.end(slot)
        return kept

    def begin(self, id: int, crashes: int, *, repeatable: bool) -> int:
        """A handler is about to run. Returns its slot."""
        if not self._free:
            self._extend()
        slot = self._free.pop()
        flags = USED if repeatable else USED | NOT_REPEATABLE
        crashes = min(crashes, MAX_CRASHES)
        SLOT.pack_into(self._buffer, slot, id, crashes, flags, _check(id, crashes, flags))
        return slot

    def take(self) -> int:
        """A slot for handlers that run one after the other; it is given back by `end`."""
        if not self._free:
            self._extend()
        return self._free.pop()

    def namer(self, slot: int) -> Callable[[int], None]:
        """To be called as the handler of a delivery is about to run that never crashed and is repeatable.

        It holds good until the next `begin` or `take`, which may need more memory.
        """
        write = partial(SLOT.pack_into, self._buffer, slot)

        def name(id: int) -> None:
            check = _PLAIN ^ id
            if check > _MOST:
                check = (check ^ id >> 32) & _MOST
            write(id, 0, USED, check)

        return name

    def end(self, slot: int) -> None:
        """It is known how it ended."""
        if self._closed:
            return
        SLOT.pack_into(self._buffer, slot, 0, 0, 0, 0)
        self._free.append(slot)

    def flush(self) -> None:
        """Have what stands there written to the disk now; call it on a thread."""
        if isinstance(self._buffer, mmap.mmap):
            self._buffer.flush()

    def close(self) -> None:
        """Give the memory back."""
        self._closed = True
        if isinstance(self._buffer, mmap.mmap):
            self._buffer.close()

    def _extend(self) -> None:
        size = len(self._buffer)
        self._buffer = self._grow(max(2 * size, FIRST * SLOT.size))
        self._free = list(range(len(self._buffer) - SLOT.size, size - 1, -SLOT.size))


def _check(id: int, crashes: int, flags: int) -> int:
    return (_SEED ^ id ^ (id >> 32) ^ (crashes << 16) ^ flags) & 0xFFFFFFFF


def mapped_slots(path: Path) -> Slots:
    """The slots in the file `path`, made if there is none; readable by its owner alone.

    Raises:
        OSError: It can't be opened or mapped.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        size = max(os.fstat(descriptor).st_size // SLOT.size * SLOT.size, FIRST * SLOT.size)
        os.ftruncate(descriptor, size)
        memory = mmap.mmap(descriptor, size)
    finally:
        os.close(descriptor)

    def grow(size: int) -> mmap.mmap:
        memory.resize(size)
        return memory

    return Slots(memory, grow)


def memory_slots(kept: bytearray) -> Slots:
    """Slots in memory that the caller keeps."""

    def grow(size: int) -> bytearray:
        kept.extend(bytes(size - len(kept)))
        return kept

    return Slots(kept, grow)
