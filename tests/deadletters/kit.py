"""Dead letters without a System: a journal in memory or a file, a clock to set, and letters made by hand."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec

import regrow as rg
from regrow.core.codec import codec
from regrow.core.events import Event
from regrow.core.hub import Hub
from regrow.core.messages import Message
from regrow.delivery.deadletters.letters import DeadLetters
from regrow.delivery.deadletters.queue import DeadLetterQueue, Surroundings
from regrow.delivery.deadletters.redrives import Redrives
from regrow.delivery.deadletters.upkeep import Upkeep
from regrow.delivery.journal.memory import MemoryStore
from regrow.delivery.journal.operations import Bury, BuryNew, Operation, Settle
from regrow.delivery.journal.policy import DeadLetterPolicy
from regrow.delivery.journal.rows import CALL, CAST, DEAD, INFO, Attempt, Burial, Counts, Live, Reason
from regrow.delivery.journal.store import Reader, Store
from regrow.errors import JournalFailed
from regrow.testing import pass_time

T = TypeVar("T")
START_US = 1_700_000_000_000_000
SECOND = 1_000_000
DAY = 86_400 * SECOND


class Item(msgspec.Struct):
    """An argument with a field that nobody should see."""

    name: str
    api_key: str = ""


class Shop(rg.GenServer):
    """Whose messages die here."""

    @rg.call(version=2)
    def order(self, item: Item, count: int = 1) -> int:
        return count

    @rg.cast
    def login(self, user: str, password: str) -> None: ...


class Handle:
    """What a running journal offers to its dead letters; its dispatcher only takes down what it gets."""

    def __init__(self, store: Store, now_us: Callable[[], int]) -> None:
        self.store = store
        self.opened = store.open(node="test", pid=1, now_us=now_us())
        self.boot = self.opened.boot
        self.reader: Reader = store.reader()
        self.live: dict[int, Live] = {}
        self.batches: list[Sequence[Operation]] = []
        self.observers: list[Callable[[Sequence[Operation]], None]] = []
        self.failing = False
        self.held: list[Callable[[], None]] | None = None
        self._next = self.opened.next_id
        self._now_us = now_us

    @property
    def desk(self) -> Handle:
        return self

    def accepted(self, live: Live) -> None:
        assert live.id not in self.live
        assert self.reader.live_one(live.id) == live
        self.live[live.id] = live

    def submit(self, ops: Sequence[Operation]) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.failing:
            future.set_exception(JournalFailed("journal", "disk full", "a commit"))
            return future

        def commit() -> None:
            self.store.commit(ops)
            self.batches.append(ops)
            for observer in self.observers:
                observer(ops)
            if not future.done():
                future.set_result(None)

        if self.held is not None:
            self.held.append(commit)
        else:
            asyncio.get_running_loop().call_soon(commit)
        return future

    def now_us(self) -> int:
        return self._now_us()

    def next_id(self) -> int:
        id, self._next = self._next, self._next + 1
        return id

    async def read(self, fn: Callable[[Reader], T]) -> T:
        await pass_time(0)  # as a thread would let others run
        return fn(self.reader)


class Bench:
    """A queue of dead letters to work on."""

    def __init__(
        self,
        policy: DeadLetterPolicy | None = None,
        *,
        store: Store | None = None,
        redact: Callable[[object], object] | None = None,
        origin: int = 0,
        attended: bool = False,
    ) -> None:
        self.origin = origin
        loop = asyncio.get_running_loop()
        self.skew_us = 0
        self.handle = Handle(
            store if store is not None else MemoryStore(),
            lambda: START_US + self.skew_us + int(loop.time() * SECOND),
        )
        self.events: list[Event] = []
        hub = Hub(loop.time)
        hub.subscribe("dead_letter", self.events.append)
        self.classes: dict[str, type] = {"shop": Shop}
        self.aliases: dict[str, str] = {}
        around = Surroundings(
            hub=hub,
            time=loop.time,
            redact=redact,
            server_of=self.classes.get,
            aliases=self.aliases,
            random=random.Random(1),
        )
        policy = policy if policy is not None else DeadLetterPolicy()
        self.queue = DeadLetterQueue(self.handle, policy, around)
        self.handle.observers.append(self.queue.observe)
        self.redrives = Redrives(self.queue, attended=attended)
        self.letters = DeadLetters(self.queue, self.redrives)
        self.tasks: list[asyncio.Task[None]] = []

    async def launch(self, id: int) -> None:
        self.tasks.append(asyncio.create_task(self.redrives.run(id)))

    async def bury(
        self,
        message: Message | object = None,
        *,
        dest: str = "shop",
        reason: Reason = "max_attempts",
        error_type: str | None = "builtins:ValueError",
        error: str | None = "no such item",
        fingerprint: int = 1,
        key: str | None = None,
        status: int = DEAD,
        metadata: object = None,
        retry_us: int | None = None,
        expires_us: int | None = None,
        attempts: Sequence[Attempt] = (),
        payload: bytes | None = None,
        expired_us: int | None = None,
    ) -> int:
        """One more dead letter. Returns its number."""
        id, now_us = self.handle.next_id(), self.handle.now_us()
        if message is None:
            message = Shop.login("eve", "hunter2")
        kind, type_, data = wire(message)
        live = Live(
            id=id,
            mid=(self.origin << 64 | id).to_bytes(16, "big"),
            dest=dest,
            kind=kind,
            type=type_,
            payload=data if payload is None else payload,
            key=key,
            headers=None if metadata is None else msgspec.msgpack.encode(metadata),
            created_us=now_us - SECOND,
            expires_us=expired_us,
            due_us=now_us - SECOND,
            attempts=len(attempts),
        )
        burial = Burial(
            reason=reason,
            error_type=error_type,
            error=error,
            fingerprint=fingerprint.to_bytes(8, "big"),
            dead_us=now_us,
            retry_us=retry_us,
            expires_us=expires_us,
            status=status,
        )
        await self.handle.submit([BuryNew(live, burial, tuple(attempts))])
        return id

    async def settle(self, *ids: int) -> None:
        """These were handled."""
        for id in ids:
            del self.handle.live[id]
        await self.handle.submit([Settle(id) for id in ids])

    async def kill(self, *ids: int, retry_us: int | None = None, reason: Reason = "max_attempts") -> None:
        """These died again."""
        for id in ids:
            del self.handle.live[id]
        burial = Burial(
            reason=reason,
            error_type="builtins:ValueError",
            fingerprint=(1).to_bytes(8, "big"),
            dead_us=self.handle.now_us(),
            retry_us=retry_us,
        )
        await self.handle.submit([Bury(id, 1, 0, burial) for id in ids])

    async def many(self, count: int, **how: object) -> list[int]:
        return [await self.bury(**how) for _ in range(count)]  # type: ignore[arg-type]

    async def ids(self, **where: object) -> list[int]:
        found: list[int] = []
        after: str | None = None
        while True:
            page = await self.letters.list(after=after, limit=7, **where)  # type: ignore[arg-type]
            found += [letter.id for letter in page.letters]
            if page.next is None:
                return found
            after = page.next

    def counts(self) -> Counts:
        counts = self.handle.reader.counts()
        assert counts.balanced
        return counts

    def named(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if type(event) is kind]

    @asynccontextmanager
    async def upkeep(self) -> AsyncIterator[Upkeep]:
        upkeep = Upkeep(self.queue, self.redrives)
        task = asyncio.create_task(upkeep.run())
        try:
            yield upkeep
        finally:
            task.cancel()
            await asyncio.wait([task])


def wire(message: object) -> tuple[int, str, bytes]:
    """Kind, type and payload of a message, as a send stores them."""
    if isinstance(message, Message):
        handler = message.__handler__
        kind = CALL if handler.kind == "call" else CAST
        place = f"{handler.server.__module__}:{handler.server.__qualname__}.{handler.name}"
        return kind, place, codec(handler.server).encode(message)
    return INFO, f"{type(message).__module__}:{type(message).__qualname__}", msgspec.msgpack.encode(message)
