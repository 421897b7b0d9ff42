"""`Gate`: a place where code under test stops until the test lets it pass."""

from __future__ import annotations

import asyncio
from typing import Literal, TypeAlias, final

from typing_extensions import override

from regrow.errors.sync import GateStayedClosed
from regrow.errors.waiting import BadWait
from regrow.testing.sync.standing import standing, who
from regrow.testing.waiting.watch import checked_seconds

__all__ = ("Gate",)

_Turn: TypeAlias = Literal["passed", "late"]


@final
class Gate:
    """Where tasks and `async def` handlers wait until a test lets them pass.

    Args:
        is_open: Whether it is open at the beginning, default False.
    """

    def __init__(self, *, is_open: bool = False) -> None:
        self._open = is_open
        self._here: dict[asyncio.Future[_Turn], str] = {}

    @property
    def is_open(self) -> bool:
        """Whether who comes passes at once."""
        return self._open

    @property
    def waiting(self) -> tuple[str, ...]:
        """Who stands at it, in the order they came: processes, and tasks by name."""
        return tuple(who for future, who in self._here.items() if not future.done())

    def open(self) -> None:
        """Let all pass: those who stand there, and who comes from now on."""
        self._open = True
        self.let_pass(len(self._here))

    def close(self) -> None:
        """Have who comes from now on wait."""
        self._open = False

    def let_pass(self, count: int = 1) -> int:
        """Let so many of those who stand there pass, who came first first. Returns how many passed.

        Of one that is cancelled before it goes on, the next that stands there has the pass.

        Args:
            count: How many, default 1.

        Raises:
            BadWait: The count is no whole number from 0.
        """
        if type(count) is not int or count < 0:
            raise BadWait(count, "count is a whole number from 0")
        there = [future for future in self._here if not future.done()][:count]
        for future in there:
            future.set_result("passed")
        return len(there)

    async def wait(self, *, timeout: float = 1.0) -> None:
        """Pass, once it is open.

        Args:
            timeout: Seconds of the loop's time, default 1.0.

        Raises:
            GateStayedClosed: It was not opened in time.
            BadWait: The timeout is no such number.
        """
        seconds = checked_seconds("timeout", timeout)
        if self._open:
            return
        future: asyncio.Future[_Turn] = asyncio.get_running_loop().create_future()
        me = self._here[future] = who()
        try:
            if await standing(future, seconds, "late", "a gate that is closed") == "late":
                raise GateStayedClosed(me, seconds)
        except asyncio.CancelledError:
            if not future.cancelled() and future.result() == "passed":
                self.let_pass()
            raise
        finally:
            del self._here[future]

    @override
    def __repr__(self) -> str:
        return f"<Gate: {'open' if self._open else 'closed'}, {len(self.waiting)} wait>"
