"""Servers that do to messages all that can be done to them, and a journal that stands in for the real one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import regrow as rg
from regrow.core.options import Restart
from regrow.delivery.journal.causes import Cause
from regrow.delivery.journal.operations import Operation
from regrow.delivery.journal.rows import Burial, Live, Reason
from tests.runtime.kit import pause, play, start

__all__ = ["Book", "Kept", "Refused", "Worker", "pause", "play", "start"]


class Refused(Exception):
    """An answer that the worker declares."""


class Worker(rg.GenServer):
    """Notes what it gets in a list that outlives it."""

    def init(self, seen: list[object], fail_first: int = 0) -> None:
        self.seen = seen
        self.fail_first = fail_first

    @rg.call(raises=(Refused,))
    def work(self, item: object) -> object:
        self.seen.append(item)
        if item == "refuse":
            raise Refused("no")
        if item == "crash":
            raise ValueError("boom")
        if item == "stop":
            self.stop()
        if item == "stop silently":
            self.stop(reply=False)
        return ("done", item)

    @rg.call
    async def slow(self, seconds: float) -> str:
        self.seen.append(("begun", seconds))
        await pause(seconds)
        self.seen.append(("ended", seconds))
        return "slow"

    @rg.call
    def later(self, seconds: float) -> str:
        handle = rg.reply_later()
        self.handles = getattr(self, "handles", [])
        self.handles.append(handle)
        rg.send_after(self.pid, ("reply", len(self.handles) - 1), seconds)
        return "never seen"

    @rg.call
    def flaky(self) -> int:
        """Crashes until it was tried often enough."""
        self.seen.append("try")
        if len(self.seen) <= self.fail_first:
            raise ValueError(f"attempt {len(self.seen)}")
        return len(self.seen)

    @rg.call
    def who(self) -> rg.CurrentDelivery | None:
        return rg.current_delivery()

    @rg.cast
    def note(self, item: object) -> None:
        self.seen.append(item)

    @rg.cast
    async def note_slowly(self, seconds: float) -> None:
        await pause(seconds)
        self.seen.append(("slowly", seconds))

    def handle_info(self, message: object) -> None:
        if isinstance(message, tuple) and message[:1] == ("reply",):
            self.handles[message[1]].reply("later")
        else:
            self.seen.append(("info", message))


class Narrow(Worker):
    mailbox = rg.Mailbox(capacity=1)


class Keeper(rg.GenServer):
    """The process of a service that needs none."""

    def init(self) -> None: ...


class Kept:
    """A journal that keeps what it is given in a list; `broken` is what its commits fail with."""

    service_name = "journal"
    boot = 1
    max_crashes = 3

    def __init__(self, broken: Exception | None = None) -> None:
        self.operations: list[Operation] = []
        self.broken = broken
        self.ids = 0

    @property
    def _owner(self) -> Kept:
        """What stands behind an `rg.Journal`: here it is the same."""
        return self

    def child_spec(self) -> rg.ChildSpec:
        return rg.child(Keeper, id="journal")

    def submit(self, ops: Sequence[Operation]) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.broken is not None:
            future.set_exception(self.broken)
        else:
            self.operations.extend(ops)
            future.set_result(None)
        return future

    def now_us(self) -> int:
        return 1_700_000_000_000_000

    def next_id(self) -> int:
        self.ids += 1
        return self.ids

    def burial(self, live: Live, reason: Reason, cause: Cause) -> Burial:
        return Burial(
            reason=reason,
            error_type=cause.error_type,
            error=cause.error,
            fingerprint=cause.fingerprint(live.dest),
            dead_us=self.now_us(),
        )


class Book:
    """The events of one System that begin with a prefix."""

    def __init__(self, system: rg.System, prefix: str) -> None:
        self.events: list[rg.events.Event] = []
        system.events.subscribe(prefix, self.events.append)

    @property
    def names(self) -> list[str]:
        return [event.name.rpartition(".")[2] for event in self.events]


def worker(seen: list[object], *, fail_first: int = 0, restart: Restart = "permanent") -> rg.ChildSpec:
    """The child spec of a worker with a name."""
    return rg.child(Worker, name="worker", args=(seen, fail_first), restart=restart)
