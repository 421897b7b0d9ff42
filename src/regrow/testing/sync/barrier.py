"""`Barrier`: all go on together, or nobody does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Literal, TypeAlias, final

from typing_extensions import override

from regrow.core.reasons import ExitReason, format_reason
from regrow.errors.sync import BarrierBroken
from regrow.errors.waiting import BadWait
from regrow.runtime.pid import Pid
from regrow.runtime.process import Process
from regrow.testing.sync.standing import standing, who
from regrow.testing.waiting.watch import checked_seconds

__all__ = ("Barrier",)

_Outcome: TypeAlias = BarrierBroken | Literal["passed", "late"]


@final
class Barrier:
    """Where so many parties wait until all of them have come; then all go on, and it is as new.

    Tasks and `async def` handlers can come. It breaks, for those who wait and those who come later, when one
    that waits is cancelled or its process ends, when one has waited too long, or when a member ends
    before it came.

    Args:
        parties: How many.
        members: Processes whose end breaks it unless all have come. Default: none are known beforehand.

    Raises:
        BadWait: `parties` is no whole number from 1, or there are more members than parties.
    """

    def __init__(self, parties: int, *, members: Iterable[Pid[object]] = ()) -> None:
        if type(parties) is not int or parties < 1:
            raise BadWait(parties, "parties is a whole number from 1")
        self._parties = parties
        self._here: dict[asyncio.Future[_Outcome], str] = {}
        self._broken: BarrierBroken | None = None
        self._members = list(members)
        for member in self._members:
            if not isinstance(member, Process):
                raise BadWait(member, "members are Pids")
        if len(self._members) > parties:
            raise BadWait(self._members, f"more members than the {parties} parties")
        for member in self._members:
            self._watch(member)

    @property
    def parties(self) -> int:
        """How many it waits for."""
        return self._parties

    @property
    def waiting(self) -> tuple[str, ...]:
        """Who stands at it, in the order they came: processes, and tasks by name."""
        return tuple(self._here.values())

    @property
    def broken(self) -> bool:
        """Whether nobody can pass it, until `reset`."""
        return self._broken is not None

    async def wait(self, *, timeout: float = 1.0) -> int:
        """Wait until all parties have come, and return as the how-many-th one came, from 0.

        Args:
            timeout: Seconds of the loop's time, default 1.0.

        Raises:
            BarrierBroken: It is broken, or broke meanwhile; the text says why, and who had come.
            BadWait: The timeout is no such number.
        """
        seconds = checked_seconds("timeout", timeout)
        if self._broken is not None:
            raise self._again(self._broken)
        place = len(self._here)
        if place + 1 == self._parties:
            self.release()
            return place
        me = who()
        future: asyncio.Future[_Outcome] = asyncio.get_running_loop().create_future()
        self._here[future] = me
        try:
            outcome = await standing(
                future, seconds, "late", f"a barrier: {place + 1} of {self._parties} have come"
            )
        except asyncio.CancelledError:
            if future in self._here:
                self._break(f"{me} was cancelled, or ended, while it waited")
            raise
        if outcome == "late":
            outcome = self._break(f"{me} waited {seconds:g} s")
        if isinstance(outcome, BarrierBroken):
            raise outcome
        return place

    def release(self) -> int:
        """Let those who stand at it go on although not all have come. Returns how many they are."""
        here, self._here = self._here, {}
        for future in here:
            if not future.done():
                future.set_result("passed")
        return len(here)

    def abort(self, why: str = "it was aborted") -> None:
        """Break it by hand.

        Args:
            why: What those who wait are told.
        """
        self._break(why)

    def reset(self) -> None:
        """Make it as new. Those who stand at it get `BarrierBroken`."""
        if self._here:
            self._break("it was reset")
        self._broken = None

    @override
    def __repr__(self) -> str:
        state = "broken" if self.broken else f"{len(self._here)} of {self._parties} have come"
        return f"<Barrier: {state}>"

    def _watch(self, member: Pid[object]) -> None:
        assert isinstance(member, Process)
        down = member.engine.exits.when_down(member)
        down.add_done_callback(lambda ended: self._member_down(member, ended))

    def _member_down(self, member: Pid[object], ended: asyncio.Future[ExitReason]) -> None:
        if not ended.cancelled() and member in self._members:
            self._break(f"{member} ended: {format_reason(ended.result())}")

    def _break(self, why: str) -> BarrierBroken:
        if self._broken is None:
            self._broken = BarrierBroken(self._parties, self.waiting, why)
        here, self._here = self._here, {}
        for future in here:
            if not future.done():
                future.set_result(self._again(self._broken))
        return self._again(self._broken)

    def _again(self, broken: BarrierBroken) -> BarrierBroken:
        """The same for one more: an exception that several raise mixes their tracebacks."""
        return BarrierBroken(broken.parties, broken.came, broken.why)
