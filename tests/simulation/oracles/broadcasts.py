"""Broadcasts: what the strategy promises, each record true, nobody handles what nobody got."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

import regrow as rg
from tests.simulation.oracles.who import Who

NEAR = 1e-9


class Part(msgspec.Struct, eq=False):
    """One run of the handler at one recipient."""

    pid: Who
    done: bool = False
    declared: bool = False
    over: bool = False


class Cast(msgspec.Struct, eq=False):
    """One broadcast."""

    token: int
    strategy: str
    recipients: int
    retries: int
    until: float
    parts: list[Part]
    result: rg.BroadcastResult[object] | None = None
    over: bool = False
    refused: bool = False
    """Nobody was to get it."""


class Broadcasts:
    """All broadcasts of one run.

    Args:
        now: The virtual time.
        violate: Told what is wrong.
        faulty: Whether a handler may be struck before its first line.
    """

    def __init__(
        self, now: Callable[[], float], violate: Callable[[str, str], object], *, faulty: bool
    ) -> None:
        self._now = now
        self._violate = violate
        self._faulty = faulty
        self.all: list[Cast] = []

    def begin(self, strategy: str, recipients: int, retries: int, timeout: float) -> Cast:
        """A broadcast begins."""
        cast = Cast(len(self.all), strategy, recipients, retries, self._now() + timeout, [])
        self.all.append(cast)
        return cast

    def begun(self, token: int, pid: Who) -> Part:
        """A recipient begins to handle it."""
        cast = self.all[token]
        if cast.refused:
            self._violate("all or nothing", f"{pid} handles {token}, which nobody was to get")
        if cast.over and not self._faulty:
            self._violate("withdrawn", f"{pid} handles {token} after its end")
        part = Part(pid)
        cast.parts.append(part)
        if len(cast.parts) > cast.recipients * (cast.retries + 1):
            self._violate("handled once", f"{token} is handled {len(cast.parts)} times")
        return part

    def ended(self, cast: Cast, result: rg.BroadcastResult[object], *, raised: bool) -> None:
        """It has returned this, or raised it as `BroadcastFailed`."""
        if self._now() > cast.until + NEAR:
            self._violate(
                "deadline", f"broadcast {cast.token} ended at {self._now():g}, not by {cast.until:g}"
            )
        cast.result, cast.over = result, True
        if len(result.results) != cast.recipients:
            self._violate("records", f"broadcast {cast.token} has {len(result.results)} records")
        unsent = [isinstance(one.error, rg.errors.NotSent) for one in result.results]
        cast.refused = any(unsent)
        if cast.refused and (cast.strategy != "all_or_nothing" or not all(unsent) or cast.parts):
            self._violate(
                "all or nothing", f"broadcast {cast.token}: {unsent} not sent, {len(cast.parts)} runs"
            )
        reached = sum(one.reached for one in result.results)
        ok = {
            "best_effort": True,
            "at_least_one": reached > 0,
            "all_or_nothing": not cast.refused,
        }[cast.strategy]
        if result.ok != ok or raised == ok:
            self._violate(
                "promise", f"broadcast {cast.token} is ok={result.ok}, raised={raised}; reached {reached}"
            )
        self._true(cast, result)
        if cast.strategy == "all_or_nothing" and not cast.refused:
            self._all_had_it(cast, result)

    def _all_had_it(self, cast: Cast, result: rg.BroadcastResult[object]) -> None:
        """Everybody was alive and had it in the mailbox, in one step."""
        for one in result.results:
            never = isinstance(one.error, rg.errors.MailboxStayedFull | rg.errors.NoProcess)
            if never and one.attempts == 1:
                self._violate("all or nothing", f"broadcast {cast.token} never reached {one}")

    def cancelled(self, cast: Cast) -> None:
        """Its sender waits no more."""
        cast.over = True

    def _true(self, cast: Cast, result: rg.BroadcastResult[object]) -> None:
        handled = sum(one.status == "handled" for one in result.results)
        rejected = sum(one.status == "rejected" for one in result.results)
        done = sum(part.done for part in cast.parts)
        declared = sum(part.declared for part in cast.parts)
        late = any(isinstance(one.error, rg.errors.DeliveryTimeout) for one in result.results)
        if handled != done and not (late and handled < done):
            self._violate("handled is true", f"broadcast {cast.token}: {handled} handled, {done} were done")
        if rejected != declared and not (late and rejected < declared):
            self._violate("rejected is true", f"broadcast {cast.token}: {rejected} of {declared} rejected")

    def check(self) -> None:
        """Nothing is under way any more."""
        for cast in self.all:
            if not cast.over:
                self._violate("one outcome", f"broadcast {cast.token} has none")
