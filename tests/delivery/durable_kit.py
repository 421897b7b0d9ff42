"""What the tests of durable sends need: a System with a journal on virtual time, and servers of all kinds."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar, TypeVar, cast

import regrow as rg
from regrow.core.ports import RandomStreams
from regrow.delivery.journal.memory import MemoryStore
from regrow.delivery.journal.operations import Operation
from regrow.delivery.journal.store import Store
from regrow.delivery.lookup import owner_of
from regrow.delivery.owner import JournalOwner
from regrow.delivery.service import journal_on
from regrow.errors import JournalFailed
from regrow.events import Event
from regrow.testing import pass_time as pause
from regrow.testing import run_virtual

T = TypeVar("T")
EPOCH = 1_700_000_000.0

__all__ = ["Box", "Events", "Machine", "Mortal", "Poison", "inside", "play", "ports", "run_system", "settled"]


def ports(**others: Any) -> rg.Ports:
    """Ports whose wall clock goes with the loop's."""
    wall = lambda: EPOCH + asyncio.get_running_loop().time()  # noqa: E731
    return rg.Ports(wall=wall, random=RandomStreams(7), sockets=False, **others)


async def run_system(
    journal: rg.Journal, body: Callable[[rg.System], Awaitable[T]], *children: rg.ChildSpec, **options: Any
) -> T:
    """Run `body(system)` in a System with this journal, up to its orderly stop."""
    options.setdefault("ports", ports())
    async with rg.System(children, services=[journal], **options) as system:
        return await body(system)


def play(
    body: Callable[[rg.System, rg.Journal], Awaitable[T]],
    *children: rg.ChildSpec,
    journal: rg.Journal | None = None,
    **options: Any,
) -> T:
    """The same on a fresh virtual loop, with a journal in memory."""
    used = journal if journal is not None else rg.Journal.in_memory()
    return run_virtual(run_system(used, lambda system: body(system, used), *children, **options), limit=20.0)


def inside(journal: rg.Journal) -> JournalOwner:
    """Its parts, for what users have no way to see."""
    owner = owner_of(journal)
    assert owner is not None
    return owner


async def settled() -> None:
    """Return when nothing is left to do before the clock moves."""
    loop: Any = asyncio.get_running_loop()
    await loop.settled()


class Events:
    """Collects the events of a System."""

    def __init__(self, system: rg.System, prefix: str) -> None:
        self.seen: list[Event] = []
        system.events.subscribe(prefix, self.seen.append)

    @property
    def names(self) -> list[str]:
        """Their names, in order."""
        return [event.name for event in self.seen]


class Box(rg.GenServer):
    """Keeps what it is given, over its restarts."""

    kept: ClassVar[list[object]] = []

    def init(self, *, fresh: bool = True) -> None:
        if fresh:
            type(self).kept = []

    @rg.call
    def put(self, value: int) -> int:
        type(self).kept.append(value)
        return 2 * value

    @rg.cast
    def note(self, value: int) -> None:
        type(self).kept.append(value)

    @rg.call(raises=(ValueError,))
    def refuse(self, value: int) -> None:
        type(self).kept.append(value)
        raise ValueError(value)

    @rg.call
    async def wait(self, seconds: float) -> str:
        type(self).kept.append("begun")
        await pause(seconds)
        type(self).kept.append("ended")
        return "slept"


class Poison(rg.GenServer):
    """Dies of some messages as often as it is told to; counts how often each was begun, over its restarts."""

    deaths: ClassVar[dict[int, int]] = {}
    begun: ClassVar[list[int]] = []
    at: ClassVar[list[float]] = []

    @rg.call
    def eat(self, value: int) -> int:
        cls = type(self)
        cls.begun.append(value)
        cls.at.append(asyncio.get_running_loop().time())
        if cls.deaths.get(value, 0) > 0:
            cls.deaths[value] -= 1
            raise RuntimeError(f"poisoned by {value}")
        return value

    @rg.call
    async def sleep(self, seconds: float) -> None:
        type(self).begun.append(0)
        await pause(seconds)

    @classmethod
    def reset(cls, **deaths: int) -> None:
        cls.deaths = {int(name[1:]): times for name, times in deaths.items()}
        cls.begun = []
        cls.at = []


class Mortal:
    """A store that dies with its machine: from then on nothing is written any more."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.dead = False
        self.broken = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def as_store(self) -> Store:
        """Itself: that it has the rest of a store's methods is for the type checkers to believe."""
        return cast(Store, self)

    def commit(self, batch: Sequence[Operation]) -> None:
        if self.dead or self.broken:
            raise JournalFailed("the store", "it is broken", "a commit")
        self._store.commit(batch)

    def close(self, *, now_us: int) -> None:
        if not self.dead:
            self._store.close(now_us=now_us)


class Machine:
    """What outlives `kill -9`: what is committed, and the memory that names who was being handled."""

    def __init__(self) -> None:
        self.disk = MemoryStore()
        self.slots = bytearray()
        self.store = Mortal(self.disk)

    def journal(self, **options: Any) -> rg.Journal:
        """A journal on it, for the next start of the program."""
        self.store = Mortal(self.disk)
        return journal_on(self.store.as_store(), slots=self.slots, **options)

    async def kill(self, system: rg.System) -> None:
        """Everything in memory is gone, at this instant."""
        self.store.dead = True
        self.slots = bytearray(self.slots)  # as it is now; what the dying write goes nowhere
        system.kill()
        with contextlib.suppress(rg.errors.SystemFailed):
            await system.wait()
