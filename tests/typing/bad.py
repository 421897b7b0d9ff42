# regrow: file-ignore[call-without-timeout, infinite-timeout] type checkers are to find them
# Wrong programs: both type checkers find an error in each line that ends in "# error", and in no other.
from __future__ import annotations

from typing import Generic, TypeVar

from regrow.core.decorators import call, cast
from regrow.runtime.genserver import GenServer
from regrow.runtime.pid import Pid, Ref

T = TypeVar("T")


class Counter(GenServer):
    @call
    def increment(self, by: int = 1) -> int:
        return by

    @call
    async def fetch(self, key: str, /, *, deep: bool = False) -> bytes:
        return b""

    @cast
    def reset(self) -> None: ...


class Derived(Counter): ...


class Other(GenServer):
    @call
    def get(self) -> str:
        return ""


class Stack(GenServer, Generic[T]):
    @call
    def push(self, item: T) -> list[T]:
        return [item]


class Ints(Stack[int]): ...


async def arguments(pid: Pid[Counter]) -> None:
    Counter.increment("x")  # error
    Counter.increment(1, 2)  # error
    Counter.increment(to=1)  # error
    Counter.fetch()  # error
    Counter.fetch(key="x")  # error
    Counter.fetch("x", True)  # error
    Counter.fetch("x", deep="yes")  # error
    Counter.reset(1)  # error
    Counter.nothing()  # error
    Ints.push("x")  # error


async def replies(pid: Pid[Counter]) -> None:
    a: str = await pid.call(Counter.increment(), timeout=1)  # error
    b: int = await pid.call(Counter.fetch("x"), timeout=1)  # error
    c: int = pid.call(Counter.increment(), timeout=1)  # error
    (await pid.call(Counter.increment(), timeout=1)).decode()  # error
    print(a, b, c)


async def wrong_kind(pid: Pid[Counter], ref: Ref[Counter]) -> None:
    await pid.call(Counter.reset(), timeout=1)  # error
    pid.cast(Counter.increment())  # error
    ref.cast(Counter.fetch("x"))  # error
    await pid.call("increment", timeout=1)  # error
    await pid.call(Counter.increment, timeout=1)  # error
    pid.cast(Counter.reset)  # error


async def wrong_server(pid: Pid[Counter], ints: Pid[Ints], strings: Pid[Stack[str]]) -> None:
    await pid.call(Other.get(), timeout=1)  # error
    await pid.call(Derived.increment(), timeout=1)  # error
    await ints.call(Counter.increment(), timeout=1)  # error
    await ints.call(Stack[str].push("x"), timeout=1)  # error
    await strings.call(Ints.push(1), timeout=1)  # error
    derived: Pid[Derived] = pid  # error
    other: Pid[Other] = pid  # error
    print(derived, other)


async def timeouts(pid: Pid[Counter], ref: Ref[Counter]) -> None:
    await pid.call(Counter.increment())  # error
    await ref.call(Counter.increment(), 1.0)  # error
    await pid.call(Counter.increment(), timeout=None)  # error


async def forgotten(pid: Pid[Counter]) -> None:
    pid.call(Counter.increment(), timeout=1)  # error
    pid.call(Counter.fetch("x"), timeout=1)  # error


class Instance(Counter):
    def use(self) -> None:
        self.increment("x")  # error
        self.increment(1, 2)  # error
        text: str = self.increment()  # error
        self.fetch("x")  # error
        print(text)


class Narrow(Counter):
    @call
    def increment(self) -> int:  # error
        return 1


class OtherAnswer(Counter):
    @call
    def increment(self, by: int = 1) -> str:  # error
        return ""


class OtherArgument(Counter):
    @call
    def increment(self, by: str = "") -> int:  # error
        return 1


class OtherKind(Counter):
    @cast
    def increment(self, by: int = 1) -> None: ...  # error


class Handlers(GenServer):
    @cast  # error
    def answers(self) -> int:
        return 1

    @cast  # error
    async def answers_later(self) -> int:
        return 1

    @call(blocking=1)  # error
    def a(self) -> None: ...

    @call(raises=3)  # error
    def b(self) -> None: ...

    @call(raises=(KeyError, int))  # error
    def c(self) -> None: ...

    @call(raises=KeyboardInterrupt)  # error
    def d(self) -> None: ...

    @call(version="2")  # error
    def e(self) -> None: ...

    @call(unknown=True)  # error
    def f(self) -> None: ...

    @cast(raises=KeyError)  # error
    def g(self) -> None: ...


call(3)  # error
cast("reset")  # error
