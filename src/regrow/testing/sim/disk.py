"""The disk of a simulated machine: what a journal has written, and how much of it a power cut leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias, final

from regrow.delivery.journal.memory import MemoryStore

if TYPE_CHECKING:
    from regrow.delivery.journal.operations import Operation
    from regrow.delivery.journal.store import SyncLevel
    from regrow.testing.sim.decisions import Decisions

__all__ = ("SimDisk",)

Entry: TypeAlias = Callable[[MemoryStore], object]
"""Something that was written: done again, it gives the same."""


@final
class SimDisk:
    """Holds one journal, in memory.

    Entries are safe up to the last that was synced. What was written after it, and the entry that is
    being written, a power cut may leave or take, from the end; no entry is ever half there, as in a log
    whose entries have checksums.

    Args:
        name: What the journal is called in errors.
        level: When it syncs: at each commit ("power"), at checkpoints ("process"), or only when the journal
            is closed ("none").
    """

    __slots__ = ("_entries", "_safe", "_writing", "level", "memory", "name", "owner", "slots")

    def __init__(self, name: str = "journal", *, level: SyncLevel = "power") -> None:
        self.name: str = name
        self.level: SyncLevel = level
        self.memory: MemoryStore = MemoryStore()
        """What whoever reads finds."""
        self.slots: bytearray = bytearray()
        """The memory in which running handlers are noted."""
        self.owner: object = None
        """Who has it open."""
        self._entries: list[Entry] = []
        self._safe = 0
        self._writing: Entry | None = None

    @property
    def unsafe(self) -> int:
        """Entries that are written and a power cut may take."""
        return len(self._entries) - self._safe

    def begin(self, batch: Sequence[Operation]) -> None:
        """Begin to write a batch: from here on it may be there after a power cut."""
        operations = tuple(batch)
        self._writing = lambda memory: memory.commit(operations)

    def give_up(self) -> None:
        """The batch could not be written, and won't be there."""
        self._writing = None

    def end(self) -> None:
        """The batch is written, and as safe as the level says."""
        writing, self._writing = self._writing, None
        assert writing is not None
        self.write(writing)

    def write(self, entry: Entry) -> object:
        """Write one entry, as `end` does."""
        result = entry(self.memory)
        self._entries.append(entry)
        if self.level == "power":
            self.sync()
        return result

    def sync(self) -> None:
        """All that is written is safe now."""
        self._safe = len(self._entries)

    def lose_power(self, decisions: Decisions) -> None:
        """The machine is off: leave what is safe, and of the rest what the decisions say."""
        doubtful = self.unsafe + (self._writing is not None)
        left = self._end_of_life(doubtful, _lost(decisions, f"lost on {self.name}", doubtful))
        self._safe = left
        if decisions.answer(f"slots lost on {self.name}", 0.5, 1):
            self.slots[:] = bytes(len(self.slots))

    def lose_process(self, decisions: Decisions) -> None:
        """The program is gone, and the machine is not: only what it was writing is in doubt."""
        doubtful = int(self._writing is not None)
        self._end_of_life(doubtful, _lost(decisions, f"lost on {self.name}", doubtful))

    def _end_of_life(self, doubtful: int, lost: int) -> int:
        entries = [*self._entries, *([] if self._writing is None else [self._writing])]
        left = len(entries) - min(lost, doubtful)
        self._writing = None
        self.owner = None
        self._entries = entries[:left]
        self.memory = MemoryStore()
        for entry in self._entries:
            entry(self.memory)
        return left


def _lost(decisions: Decisions, question: str, most: int) -> int:
    """How many of the last entries are lost; each number is as likely, none is plain."""
    return decisions.answer(question, most / (most + 1), most) if most else 0
