# Right programs: both type checkers accept every line, and reveal the types that the comments name.
# pyright: strict
from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar, reveal_type

from regrow.core.decorators import call, cast
from regrow.core.messages import CallMessage, Message, message_info
from regrow.runtime.genserver import GenServer
from regrow.runtime.pid import Pid, Ref

T = TypeVar("T")
S = TypeVar("S", bound=GenServer)


class Counter(GenServer):
    n: int

    @call
    def increment(self, by: int = 1) -> int:
        self.n += by
        return self.n

    @call(raises=(KeyError, ValueError), version=2, repeatable=True)
    async def fetch(self, key: str, /, *, deep: bool = False) -> bytes:
        reveal_type(self.increment(3))  # reveals: int
        return await self.fetch(key, deep=deep)

    @call(raises=OSError, blocking=True)
    def read(self, path: str) -> str | None:
        return path

    @cast
    def reset(self) -> None:
        self.n = 0

    @cast(blocking=True, version=3)
    def flush(self, path: str) -> None: ...

    @cast
    async def later(self, delay: float) -> None:
        self.reset()
        await self.later(delay)


class Derived(Counter):
    # The same arguments.
    @cast
    def reset(self) -> None:
        super().reset()

    # More arguments, and a narrower answer.
    @call
    def increment(self, by: int = 10, extra: str = "") -> bool:
        return super().increment(by) > len(extra)

    @call
    async def fetch(self, key: str, /, *, deep: bool = True) -> bytes:
        return await super().fetch(key, deep=deep)


class Stack(GenServer, Generic[T]):
    @call
    def push(self, item: T) -> list[T]:
        return [item]

    @cast
    def drop(self, item: T) -> None: ...


class Ints(Stack[int]): ...


class Ping:
    @call
    def ping(self) -> str:
        return "pong"


class Both(Ping, Counter): ...


def use(method: Callable[[int], int]) -> int:
    return method(2)


async def ask(pid: Pid[S], message: CallMessage[S, T]) -> T:
    return await pid.call(message, timeout=1.0)


async def calls(pid: Pid[Counter], ref: Ref[Counter], derived: Pid[Derived]) -> None:
    reveal_type(Counter.increment())  # reveals: CallMessage[Counter, int]
    reveal_type(Counter.reset())  # reveals: CastMessage[Counter]
    reveal_type(await pid.call(Counter.increment(5), timeout=1.0))  # reveals: int
    reveal_type(await ref.call(Counter.increment(by=5), timeout="quick"))  # reveals: int
    reveal_type(await ref.call(Counter.fetch("x", deep=True), timeout=1))  # reveals: bytes
    reveal_type(await ref.call(Counter.read("x"), timeout=1))  # reveals: str | None
    pid.cast(Counter.reset())
    ref.cast(Counter.flush("x"))
    ref.cast(Counter.later(0.5))

    # A base's messages go to a subclass, and a reference to a subclass is one to the base.
    reveal_type(await derived.call(Counter.increment(5), timeout=1))  # reveals: int
    reveal_type(await derived.call(Derived.increment(5, "x"), timeout=1))  # reveals: bool
    reveal_type(await derived.call(Derived.read("x"), timeout=1))  # reveals: str | None
    as_base: Pid[Counter] = derived
    as_base.cast(Counter.reset())
    reveal_type(await ask(derived, Derived.increment(3)))  # reveals: bool


async def generics(strings: Ref[Stack[str]], ints: Ref[Ints], both: Pid[Both]) -> None:
    reveal_type(await strings.call(Stack[str].push("x"), timeout=1))  # reveals: list[str]
    reveal_type(await ints.call(Ints.push(5), timeout=1))  # reveals: list[int]
    reveal_type(await ints.call(Stack[int].push(5), timeout=1))  # reveals: list[int]
    strings.cast(Stack[str].drop("x"))
    reveal_type(await both.call(Both.ping(), timeout=1))  # reveals: str
    reveal_type(await both.call(Ping.ping(), timeout=1))  # reveals: str
    reveal_type(await both.call(Both.increment(), timeout=1))  # reveals: int


async def with_asyncio(pid: Pid[Counter]) -> None:
    task = asyncio.create_task(pid.call(Counter.increment(), timeout=1))
    reveal_type(await task)  # reveals: int
    number, data = await asyncio.gather(
        pid.call(Counter.increment(), timeout=1), pid.call(Counter.fetch("x"), timeout=1)
    )
    reveal_type(number)  # reveals: int
    reveal_type(data)  # reveals: bytes
    async with asyncio.TaskGroup() as group:
        group.create_task(pid.call(Counter.increment(), timeout=1))


def values(message: Message) -> None:
    reveal_type(message_info(message).arguments)  # reveals: dict[str, object]
    messages: list[Message] = [Counter.increment(), Counter.reset()]
    reveal_type(use(Counter().increment))  # reveals: int
    print(messages)
