"""The breaker against a naive reference: all calls in a list, every rule written out anew each time.

The window is 10 s in buckets of 1 s, and all times are multiples of 0.25 s, exact in binary.
"""

from __future__ import annotations

import msgspec
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import regrow as rg
from regrow.resilience.breaker import Breaker

SETTINGS = st.builds(
    rg.BreakerSettings,
    failure_rate=st.sampled_from([0.25, 0.5, 1.0]),
    minimum_calls=st.integers(1, 5),
    window_seconds=st.just(10.0),
    slow_seconds=st.sampled_from([None, 1.0]),
    slow_rate=st.sampled_from([0.5, 1.0]),
    open_seconds=st.sampled_from([1.0, 3.0]),
    probes=st.integers(1, 3),
    success_threshold=st.integers(1, 3),
)


class Call(msgspec.Struct, eq=False):
    """A call that was let through: what the breaker and what the reference know it by."""

    permit: int
    era: int
    begun: float
    lost: bool = False


class Reference:
    """What a breaker is to do, without any thought of speed or memory."""

    def __init__(self, settings: rg.BreakerSettings) -> None:
        self.settings = settings
        self.state = "closed"
        self.since = 0.0
        self.forced = False
        self.era = 0
        self.ended: list[tuple[float, bool, bool]] = []
        self.probes: list[Call] = []
        self.successes = 0

    def change(self, state: str, now: float) -> None:
        self.state, self.since = state, now
        self.era += 1
        self.probes, self.successes = [], 0
        if state == "closed":
            self.ended, self.forced = [], False

    def allows(self, now: float) -> bool:
        if self.state == "open" and not self.forced and now >= self.since + self.settings.open_seconds:
            self.change("half_open", now)
        for probe in self.probes:
            probe.lost = probe.lost or now >= probe.begun + self.settings.open_seconds
        self.probes = [probe for probe in self.probes if not probe.lost]
        return self.state == "closed" or (
            self.state == "half_open" and len(self.probes) < self.settings.probes
        )

    def end(self, call: Call, now: float, *, ok: bool, seconds: float) -> None:
        if call.era != self.era or call.lost:
            return
        slow = self.settings.slow_seconds is not None and seconds >= self.settings.slow_seconds
        if self.state == "half_open":
            self.probes.remove(call)
            if slow or not ok:
                self.change("open", now)
            else:
                self.successes += 1
                if self.successes >= self.settings.success_threshold:
                    self.change("closed", now)
        else:
            self.ended.append((now, ok, slow))
            calls, failed, slows = self.counts(now)
            rates = failed >= self.settings.failure_rate * calls or slows >= self.settings.slow_rate * calls
            if (slow or not ok) and calls >= self.settings.minimum_calls and rates:
                self.change("open", now)

    def counts(self, now: float) -> tuple[int, int, int]:
        recent = [row for row in self.ended if int(row[0]) > int(now) - 10]
        return len(recent), sum(not ok for _, ok, _ in recent), sum(slow for _, _, slow in recent)


class BreakerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.settings = rg.BreakerSettings(minimum_calls=3, window_seconds=10.0, open_seconds=3.0)
        self.breaker = Breaker(self.settings, self.now)
        self.reference = Reference(self.settings)
        self.calls: list[Call] = []

    @rule(steps=st.integers(1, 60))
    def time_passes(self, steps: int) -> None:
        self.now += steps / 4

    @rule()
    def begin(self) -> None:
        permit = self.breaker.permit or self.breaker.acquire(self.now)
        assert bool(permit) == self.reference.allows(self.now)
        if permit:
            call = Call(permit, self.reference.era, self.now)
            self.calls.append(call)
            if self.reference.state == "half_open":
                self.reference.probes.append(call)

    @precondition(lambda self: self.calls)
    @rule(data=st.data(), ok=st.booleans(), seconds=st.sampled_from([0.0, 0.75, 1.0]))
    def end(self, data: st.DataObject, ok: bool, seconds: float) -> None:
        call = self.calls.pop(data.draw(st.integers(0, len(self.calls) - 1)))
        self.breaker.record(call.permit, self.now, ok, seconds)
        self.reference.end(call, self.now, ok=ok, seconds=seconds)

    @rule(ok=st.booleans(), times=st.integers(1, 6))
    def quick_calls(self, ok: bool, times: int) -> None:
        for _ in range(times):
            before = len(self.calls)
            self.begin()
            if len(self.calls) > before:
                call = self.calls.pop()
                self.breaker.record(call.permit, self.now, ok, 0.0)
                self.reference.end(call, self.now, ok=ok, seconds=0.0)

    @rule(probes=st.integers(1, 4))
    def open_it_and_probe(self, probes: int) -> None:
        for _ in range(2 * self.breaker.settings.minimum_calls):
            self.quick_calls(ok=False, times=1)
        self.now += self.breaker.settings.open_seconds
        for _ in range(probes):
            self.begin()

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        call = self.calls.pop(data.draw(st.integers(0, len(self.calls) - 1)))
        self.breaker.release(call.permit, self.now)
        if call in self.reference.probes:
            self.reference.probes.remove(call)

    @rule(settings=SETTINGS)
    def configure(self, settings: rg.BreakerSettings) -> None:
        self.breaker.configure(settings, self.now)
        self.reference.settings = settings

    @rule()
    def force_open(self) -> None:
        self.breaker.force_open(self.now)
        self.reference.forced = True
        self.reference.change("open", self.now)

    @rule()
    def reset(self) -> None:
        self.breaker.reset(self.now)
        self.reference.change("closed", self.now)

    @invariant()
    def both_are_in_the_same_state(self) -> None:
        breaker, reference = self.breaker, self.reference
        assert (breaker.state, breaker.since, breaker.forced) == (
            reference.state,
            reference.since,
            reference.forced,
        )
        assert bool(breaker.permit) == (reference.state == "closed")
        if reference.state == "closed":
            assert breaker.window(self.now) == reference.counts(self.now)

    @invariant()
    def no_permit_comes_before_its_time(self) -> None:
        if self.now < self.breaker.retry_at:
            assert not self.reference.allows(self.now)


BreakerMachine.TestCase.settings = hypothesis_settings(
    max_examples=100, stateful_step_count=40, deadline=None
)
TestBreakerAgainstTheReference = BreakerMachine.TestCase
