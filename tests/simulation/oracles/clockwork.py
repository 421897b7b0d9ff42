"""Timers: each tick comes once, at its time, and none comes that was taken back."""

from __future__ import annotations

from collections.abc import Callable, Container

import msgspec

from tests.simulation.oracles.who import Who

NEAR = 1e-9


class Alarm(msgspec.Struct, eq=False):
    """One timer."""

    token: int
    owner: Who | None
    target: Who | None
    """None if it is for whoever has a name then."""
    first: float
    interval: float | None
    cancelled_at: float | None = None
    was_to_come: bool = False
    """What `cancel` said."""
    ticks: list[float] = msgspec.field(default_factory=list)


class Clockwork:
    """All timers of one run.

    Args:
        now: The virtual time.
        violate: Told what is wrong.
        busy: Whether somebody may be busy when a tick comes, so that it is not handled at once.
        faulty: Whether a handler may be struck before its first line.
    """

    def __init__(
        self, now: Callable[[], float], violate: Callable[[str, str], object], *, busy: bool, faulty: bool
    ) -> None:
        self._now = now
        self._violate = violate
        self._prompt = not (busy or faulty)
        self._faulty = faulty
        self.all: list[Alarm] = []

    def set(self, owner: Who | None, target: Who | None, delay: float, *, interval: bool) -> Alarm:
        """A timer is about to be set."""
        alarm = Alarm(len(self.all), owner, target, self._now() + delay, delay if interval else None)
        self.all.append(alarm)
        return alarm

    def cancelled(self, alarm: Alarm, was_to_come: bool) -> None:
        """It was taken back."""
        if alarm.cancelled_at is None:
            alarm.cancelled_at, alarm.was_to_come = self._now(), was_to_come

    def tick(self, token: int) -> None:
        """A tick is handled."""
        alarm = self.all[token]
        now = self._now()
        alarm.ticks.append(now)
        own = alarm.owner is not None and alarm.owner == alarm.target
        back = alarm.cancelled_at is not None and (alarm.was_to_come or alarm.interval is not None)
        # One that is handled by somebody else may be about to begin when it is taken back.
        if back and (own or alarm.cancelled_at != now) and not self._faulty:
            self._violate("no tick after cancel", f"timer {token}, cancelled at {alarm.cancelled_at:g}")
        if now < alarm.first - NEAR:
            self._violate("on time", f"timer {token} ticks at {now:g}, before {alarm.first:g}")
        if alarm.interval is None:
            self._once(alarm, now)
            return
        due = int((now - alarm.first) / alarm.interval + NEAR) + 1
        if len(alarm.ticks) > due:
            self._violate("on time", f"timer {token} ticks the {len(alarm.ticks)}th time; {due} were due")
        late = (now - alarm.first) % alarm.interval
        if self._prompt and min(late, alarm.interval - late) > 1e-6:
            self._violate("no drift", f"timer {token} ticks {late:g} s late")

    def _once(self, alarm: Alarm, now: float) -> None:
        if len(alarm.ticks) > 1:
            self._violate("one tick", f"timer {alarm.token} ticks again")
        if self._prompt and now > alarm.first + NEAR:
            self._violate("on time", f"timer {alarm.token} ticks at {now:g}, not at {alarm.first:g}")

    def check(self, ended: dict[Who, float], behind: Container[Who]) -> None:
        """All is over; `ended` says when processes ended, `behind` who has ticks still to handle."""
        for alarm in self.all:
            owner = ended.get(alarm.owner) if alarm.owner is not None else None
            target = ended.get(alarm.target) if alarm.target is not None else None
            if owner is not None and owner < alarm.first - NEAR and alarm.ticks:
                self._violate("timers die with their owner", f"timer {alarm.token} ticks at {alarm.ticks}")
            if alarm.cancelled_at is not None and alarm.was_to_come:
                continue
            lives = all(end is None or (self._prompt and end > alarm.first + NEAR) for end in (owner, target))
            due = alarm.first <= self._now() - NEAR and alarm.target is not None and not self._faulty
            waits = not self._prompt and alarm.target in behind
            if lives and due and not waits and not alarm.ticks and alarm.interval is None:
                self._violate("one tick", f"timer {alarm.token}, due at {alarm.first:g}, never ticked")
            if self._prompt and alarm.interval is not None and lives and due:
                self._intervals(alarm, owner, target)

    def _intervals(self, alarm: Alarm, *ends: float | None) -> None:
        """Nobody was busy, so no tick is missing."""
        over = min(end for end in (*ends, alarm.cancelled_at, self._now()) if end is not None)
        assert alarm.interval is not None
        due = int((over - NEAR - alarm.first) / alarm.interval) + 1
        if len(alarm.ticks) < due:
            self._violate(
                "one tick", f"timer {alarm.token} ticked at {alarm.ticks}; {due} were due by {over:g}"
            )
