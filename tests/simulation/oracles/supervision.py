"""One supervisor as OTP says it behaves: an acceptor of what is seen of it and its children.

It is told of starts, ends and failed starts in the order in which they happened, works off the EXIT signals
one after the other as a supervisor does, and so knows at each moment which child may start or be stopped
next, and when the restart budget is over. What it can't see is when its own supervisor's order to stop comes
to its turn; it takes that to be as soon as a child is stopped that nothing else explains.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container
from typing import Literal, TypeAlias

import regrow as rg
from tests.simulation.oracles.plans import Branch, Leaf
from tests.simulation.oracles.who import Who

Phase: TypeAlias = Literal["starting", "up", "undoing", "leaving", "dead"]


class Attempt:
    """One call of a child's `init`: what it was planned to do, and for which process."""

    def __init__(self, pid: Who, outcome: str) -> None:
        self.pid = pid
        self.outcome = outcome


class Slot:
    """A child of the model."""

    def __init__(self, plan: Leaf | Branch) -> None:
        self.plan = plan
        self.pid: Who | None = None
        self.state: Literal["running", "restarting", "stopped"] = "stopped"
        self.again: object = None
        """The planned new attempt that counts; a group restart makes it void."""


class Job:
    """A restart under way: these are stopped, then these started, in order."""

    def __init__(self, trigger: Slot, group: list[Slot]) -> None:
        self.trigger = trigger
        self.stops = [slot for slot in reversed(group) if slot is not trigger]
        self.starts = group
        self.starting = False


class Model:
    """One incarnation of one supervisor.

    Args:
        plan: What it supervises, and how.
        pid: Its process.
        attempts: The calls of `init` that its children's starts made, by label, in order.
        violate: Told what is wrong.
        killed: Processes that somebody else than their supervisor killed.
        disturbed: These, and others that got an exit signal.
    """

    def __init__(
        self,
        plan: Branch,
        pid: Who,
        attempts: dict[str, deque[Attempt]],
        violate: Callable[[str, str], object],
        *,
        killed: Container[Who],
        disturbed: Container[Who],
    ) -> None:
        self.plan = plan
        self.pid = pid
        self.above: Model | None = None
        self.phase: Phase = "starting"
        self.slots = [Slot(child) for child in plan.children]
        self.free_at = 0.0
        self.gave_up = False
        self.ordered = False
        """Somebody else than a supervisor has ordered it to stop."""
        self.swept = False
        """The root has ended: who is left is killed, in any order."""
        self._to_start = list(self.slots)
        self._attempts = attempts
        self._killed = killed
        self._disturbed = disturbed
        self._violate = violate
        self._alive: dict[Who, Slot] = {}
        self._inbox: deque[tuple[float, Who | object, object]] = deque()
        self._job: Job | None = None
        self._times: list[float] = []
        self._must: tuple[str, float] | None = None
        """A budget that is over: the child and the time."""
        self._restarted: tuple[str | None, Who] | None = None

    def __str__(self) -> str:
        return f"{self.plan.strategy} supervisor {self.plan.label} {self.pid}"

    def wrong(self, invariant: str, text: str) -> None:
        self._violate(invariant, f"{self}: {text}")

    # -- what is seen --------------------------------------------------------------------------

    def started(self, label: str | None, pid: Who, at: float) -> None:
        """A child is up. Its label is None if it was ended before it could say who it is."""
        self._no_event_missing(f"{label} was started")
        slot = self._expected_start()
        if label is None and slot is not None:
            label = slot.plan.label
        else:
            self._consume(label)
        if slot is None or slot.plan.label != label:
            wanted = slot.plan.label if slot is not None else self._waits_for()
            self.wrong("restart set", f"{label} was started; expected {wanted}")
            return
        slot.pid, slot.state = pid, "running"
        self._alive[pid] = slot
        if self.phase == "starting":
            self._to_start.remove(slot)
        else:
            self._restarted = (label, pid)

    def told_restarted(self, label: object, new: Who | None, attempts: int, at: float) -> None:
        """The event of a restart."""
        if self._restarted != (label, new):
            self.wrong("restart told", f"restart of {label} as {new} told; expected {self._restarted}")
        self._restarted = None
        if attempts != self._used(at):
            self.wrong("restart budget", f"{attempts} attempts told at {at:g} s; there were {self._used(at)}")
        self._next_start(at)

    def start_failed(self, label: object, reason: object, at: float) -> Who | None:
        """A restart of a child failed. Returns its process, if there was one."""
        self._no_event_missing(f"a start of {label} failed")
        job = self._job
        slot = self._expected_start()
        if job is None or slot is None or slot.plan.label != label:
            self.wrong("restart set", f"a start of {label} failed; expected {self._waits_for()}")
            return None
        taken = isinstance(reason, rg.Crash) and issubclass(reason.exception_type, rg.errors.NameTaken)
        attempt = None if taken else self._failed_attempt(slot, reason)
        slot.pid, slot.state = None, "restarting"
        slot.again = object()
        self._inbox.append((at, slot.again, None))
        self._job = None
        self.free_at = at
        self._advance(at)
        return attempt.pid if attempt is not None else None

    def child_ended(self, pid: Who, reason: object, at: float) -> None:
        """A child has ended."""
        self._no_event_missing(f"{pid} ended")
        slot = self._alive.get(pid)
        if slot is None:
            return
        if self._was_asked(slot, pid, reason) and not self.stopping(pid):
            self.wrong("stop order", f"{slot.plan.label} was stopped; expected {self._waits_for()}")
        del self._alive[pid]
        self._inbox.append((at, pid, reason))
        self._advance(at)

    def told_exceeded(self, label: object, at: float) -> None:
        """The event of a budget that is over."""
        must, self._must = self._must, None
        if must != (label, at):
            self.wrong("restart budget", f"said to be exceeded by {label} at {at:g} s; expected {must}")
        self.gave_up = True

    def up(self, at: float) -> None:
        """It has started."""
        missing = [slot.plan.label for slot in self._skip_ignored()]
        if missing:
            self.wrong("restart set", f"is up without {missing}")
        self.phase = "up"
        self.free_at = at
        self._advance(at)

    def ended(self, reason: object) -> None:
        """It has ended itself."""
        self._no_event_missing("it ended")
        if reason is rg.SHUTDOWN:
            if self._alive:
                self.wrong("stop order", f"ended before its children {self._labels()}")
            if not (self.gave_up or self._ordered_to_stop()):
                self.wrong("restart budget", "ended although nobody told it to, and its budget wasn't over")
        elif reason is not rg.KILLED:
            self.wrong("supervisor", f"ended with {reason}")
        self.phase = "dead"

    def finish(self) -> None:
        """The run is over."""
        if self._must is not None and not self._ordered_to_stop():
            self.wrong("restart budget", f"was exceeded by {self._must}, and nobody said so")

    # -- who may be stopped now ----------------------------------------------------------------

    def stopping(self, pid: Who) -> bool:
        """Whether it may be this child's turn to be stopped."""
        if self.swept or self.phase == "dead" or (self.phase == "starting" and self.pid in self._disturbed):
            return True
        job = self._job
        if self.phase == "up" and job is not None and job.stops and job.stops[0].pid == pid:
            return True
        if self.phase not in ("leaving", "undoing") and not self._may_leave():
            return False
        if self._last_alive() != pid:
            return False
        self.phase = "undoing" if self.phase == "starting" else "leaving"
        self._job = self._must = None
        return True

    def _may_leave(self) -> bool:
        if self.phase == "starting":
            return self._start_is_failing() or self._ordered_to_stop()
        if self._job is not None and self._job.starting:
            return False
        return self.gave_up or self._ordered_to_stop()

    def _ordered_to_stop(self) -> bool:
        above = self.above
        return self.ordered or (above is not None and above.stopping(self.pid))

    def _start_is_failing(self) -> bool:
        if self.above is not None and self.above.pid in self._disturbed:
            return True
        slots = self._skip_ignored()
        if not slots:
            return self.pid in self._disturbed
        attempts = self._attempts.get(slots[0].plan.label)
        if not attempts or isinstance(slots[0].plan, Branch):
            return True  # its name was taken, or a start below it failed, which is looked at there
        return attempts[0].outcome not in ("ok", "slow") or attempts[0].pid in self._disturbed

    def _last_alive(self) -> Who | None:
        for slot in reversed(self.slots):
            if slot.pid in self._alive:
                return slot.pid
        return None

    def _was_asked(self, slot: Slot, pid: Who, reason: object) -> bool:
        """Whether nobody but its supervisor can have ended it so."""
        if reason is rg.SHUTDOWN:
            return isinstance(slot.plan, Leaf)  # a supervisor may have given up
        return reason is rg.KILLED and pid not in self._killed

    # -- what a supervisor does ----------------------------------------------------------------

    def _advance(self, at: float) -> None:
        """Work off what can be worked off without anything to be seen."""
        while self.phase == "up":
            if self._job is not None:
                if not self._go_on(self._job, at):
                    return
            elif self._inbox and self._must is None and not self.gave_up:
                came, what, reason = self._inbox.popleft()
                self._take(max(came, self.free_at), what, reason)
            else:
                return

    def _take(self, now: float, what: object, reason: object) -> None:
        for slot in self.slots:
            if slot.pid is not None and slot.pid == what:
                self._child_gone(slot, reason, now)
                return
            if slot.again is not None and slot.again is what:
                self._restart(slot, now)
                return

    def _child_gone(self, slot: Slot, reason: object, now: float) -> None:
        normal = reason in (rg.NORMAL, rg.SHUTDOWN) or isinstance(reason, rg.Shutdown)
        restart = slot.plan.restart
        if restart == "permanent" or (restart == "transient" and not normal):
            self._restart(slot, now)
            return
        self._empty(slot)
        if restart == "temporary":
            self.slots.remove(slot)
        if slot.plan.significant and self.plan.auto_shutdown != "never":
            others = [one for one in self.slots if one.plan.significant and one.state != "stopped"]
            self.gave_up = self.plan.auto_shutdown == "any_significant" or not others

    def _restart(self, slot: Slot, now: float) -> None:
        self._times.append(now)
        if self._used(now) > self.plan.max_restarts:
            self._must = (slot.plan.label, now)
            self.slots.remove(slot)
            return
        group = {
            "one_for_one": [slot],
            "one_for_all": self.slots,
            "rest_for_one": self.slots[self.slots.index(slot) :],
        }[self.plan.strategy]
        self._empty(slot)
        self._job = Job(slot, list(group))

    def _go_on(self, job: Job, at: float) -> bool:
        """Take the next step of a restart that is not to be seen. False if there is none."""
        if job.stops:
            slot = job.stops[0]
            if slot.pid in self._alive:
                return False
            job.stops.pop(0)
            self._empty(slot)
            if slot.plan.restart == "temporary":
                self.slots.remove(slot)
                job.starts.remove(slot)
            return True
        if job.starts and self._ignores(job.starts[0]):
            self._next_start(at)
            return True
        if job.starts:
            return False
        self._job = None
        self.free_at = at
        return True

    def _next_start(self, at: float) -> None:
        if self._job is not None:
            self._job.starting = True
            self._job.starts.pop(0)
            self._advance(at)

    def _expected_start(self) -> Slot | None:
        if self.phase == "starting":
            slots = self._skip_ignored()
            return slots[0] if slots else None
        job = self._job
        if self.phase == "up" and job is not None and not job.stops and job.starts:
            return job.starts[0]
        return None

    def _skip_ignored(self) -> list[Slot]:
        """The children that are still to be started first, those that won't left out."""
        while self._to_start and self._ignores(self._to_start[0]):
            slot = self._to_start.pop(0)
            if slot.plan.restart == "temporary":
                self.slots.remove(slot)
        return self._to_start

    def _ignores(self, slot: Slot) -> bool:
        attempts = self._attempts.get(slot.plan.label)
        if not attempts or attempts[0].outcome != "ignore":
            return False
        attempts.popleft()
        return True

    # -- help ----------------------------------------------------------------------------------

    def _consume(self, label: str | None) -> Attempt | None:
        attempts = self._attempts.get(label) if label is not None else None
        return attempts.popleft() if attempts else None

    def _failed_attempt(self, slot: Slot, reason: object) -> Attempt | None:
        attempt = self._consume(slot.plan.label)
        if isinstance(slot.plan, Branch) or attempt is None:
            return attempt  # one of its children failed, which is checked there
        if attempt.outcome in ("ok", "slow") and not self._was_disturbed(attempt):
            self.wrong("failed start", f"{slot.plan.label} is said not to have started: {reason}")
        return attempt

    def _was_disturbed(self, attempt: Attempt) -> bool:
        return attempt.pid in self._disturbed or self.pid in self._disturbed

    def _empty(self, slot: Slot) -> None:
        slot.pid, slot.state, slot.again = None, "stopped", None

    def _used(self, now: float) -> int:
        return sum(1 for at in self._times if now - at <= self.plan.max_seconds)

    def _labels(self) -> list[str]:
        return [slot.plan.label for slot in self._alive.values()]

    def _no_event_missing(self, what: str) -> None:
        if self._restarted is not None:
            self.wrong("restart told", f"{what} before the restart of {self._restarted} was told")
            self._restarted = None

    def _waits_for(self) -> str:
        if self._must is not None:
            return f"the end of the supervisor, as {self._must[0]} exceeds its budget"
        job = self._job
        if self.phase != "up" or job is None:
            return f"nothing ({self.phase})"
        if job.stops:
            return f"the stop of {job.stops[0].plan.label}"
        return f"the start of {job.starts[0].plan.label}" if job.starts else "nothing"
