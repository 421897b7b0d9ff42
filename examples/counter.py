"""A counter: calls, a cast, a declared exception, and a restart by its supervisor.

Run: python examples/counter.py
"""

import asyncio

import regrow as rg


class TooMuch(Exception):
    """The answer to a step that is too big. Declared, so it is an answer and no crash."""


class Counter(rg.GenServer):
    """Counts up from a start value."""

    def init(self, start: int = 0) -> None:
        self.n = start

    @rg.call(raises=(TooMuch,))
    def increment(self, by: int = 1) -> int:
        if by > 100:
            raise TooMuch(by)
        self.n += by
        return self.n

    @rg.call
    def divide(self, by: int) -> int:
        self.n //= by
        return self.n

    @rg.cast
    def reset(self) -> None:
        self.n = 0


async def main() -> None:
    children = [rg.child(Counter, name="counter", args=(10,))]
    async with rg.System(children, max_restarts=3, max_seconds=5.0) as system:
        counter = system.ref("counter", Counter)

        print("10 + 5 =", await counter.call(Counter.increment(5), timeout=1.0))

        counter.cast(Counter.reset())
        print("after a reset, + 1 =", await counter.call(Counter.increment(), timeout=1.0))

        try:
            await counter.call(Counter.increment(1000), timeout=1.0)
        except TooMuch as error:
            print("too much:", error)
        print("still there, + 1 =", await counter.call(Counter.increment(), timeout=1.0))

        try:
            await counter.call(Counter.divide(0), timeout=1.0)
        except rg.errors.ProcessExited:
            print("divided by zero: the counter is gone")
        await system.idle()
        print("restarted at 10, + 1 =", await counter.call(Counter.increment(), timeout=1.0))


if __name__ == "__main__":
    asyncio.run(main())
