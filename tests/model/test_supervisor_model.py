"""A supervisor against a pure model of OTP's restart rules, written down once more and simply."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import regrow as rg
from regrow.core.options import AutoShutdown, Restart, Strategy
from tests.model.live import Live
from tests.runtime.kit_supervision import HOWS, NORMAL_ENDS, Diary, How, Worker, end

WINDOW = 5.0


@dataclass
class Slot:
    who: str
    restart: Restart
    significant: bool
    state: str = "running"


@dataclass
class Model:
    """What OTP 25's supervisor.erl does, step by step; `lines` is what children would write."""

    strategy: Strategy
    max_restarts: int
    auto_shutdown: AutoShutdown
    slots: list[Slot] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    attempts: list[float] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    alive: bool = True
    pending: deque[str] = field(default_factory=deque)

    def find(self, who: str) -> Slot | None:
        return next((slot for slot in self.slots if slot.who == who), None)

    def start(self, slot: Slot) -> bool:
        if self.failures[slot.who]:
            self.failures[slot.who] -= 1
            self.lines.append(f"!{slot.who}")
            return False
        self.lines.append(f"+{slot.who}")
        slot.state = "running"
        return True

    def stop(self, slot: Slot) -> None:
        if slot.state == "running":
            self.lines.append(f"-{slot.who}")
        slot.state = "stopped"

    def give_up(self) -> None:
        self.alive = False
        for slot in reversed(self.slots):
            self.stop(slot)

    def ended(self, slot: Slot, how: How, now: float) -> None:
        if how in (*NORMAL_ENDS, "crash"):
            self.lines.append(f"-{slot.who}")  # its terminate runs
        slot.state = "stopped"
        if slot.restart == "permanent" or (slot.restart == "transient" and how not in NORMAL_ENDS):
            self.restart(slot, now)
        else:
            if slot.restart == "temporary":
                self.slots.remove(slot)
            self.maybe_shut_down(slot)
        while self.alive and self.pending:
            again = self.find(self.pending.popleft())
            if again is not None and again.state == "restarting":
                self.restart(again, now)

    def maybe_shut_down(self, slot: Slot) -> None:
        if self.auto_shutdown == "never" or not slot.significant:
            return
        others = any(one.significant and one.state != "stopped" for one in self.slots)
        if self.auto_shutdown == "any_significant" or not others:
            self.give_up()

    def restart(self, slot: Slot, now: float) -> None:
        self.attempts = [at for at in self.attempts if now - at <= WINDOW] + [now]
        slot.state = "stopped"
        if len(self.attempts) > self.max_restarts:
            self.give_up()
            return
        position = self.slots.index(slot)
        group = {
            "one_for_one": [slot],
            "rest_for_one": self.slots[position:],
            "one_for_all": list(self.slots),
        }[self.strategy]
        for one in reversed(group):
            self.stop(one)
            if one.restart == "temporary":
                self.slots.remove(one)
        for one in [one for one in group if one.restart != "temporary"]:
            if not self.start(one):
                one.state = "restarting"
                self.pending.append(one.who)
                return


class Planned(Worker):
    """Fails as often as the plan says for it."""

    def init(self, who: str, diary: Diary, plan: Counter[str]) -> None:  # type: ignore[override]
        self.who = who
        self.diary = diary
        if plan[who]:
            plan[who] -= 1
            diary.lines.append(f"!{who}")
            raise RuntimeError("planned")
        diary.lines.append(f"+{who}")


class Machine(RuleBasedStateMachine):
    hand_off = True

    @initialize(
        strategy=st.sampled_from(["one_for_one", "one_for_all", "rest_for_one"]),
        max_restarts=st.integers(0, 4),
        auto=st.sampled_from(["never", "never", "any_significant", "all_significant"]),
        children=st.lists(
            st.tuples(st.sampled_from(["permanent", "permanent", "transient", "temporary"]), st.booleans()),
            min_size=1,
            max_size=4,
        ),
    )
    def begin(
        self,
        strategy: Strategy,
        max_restarts: int,
        auto: AutoShutdown,
        children: list[tuple[Restart, bool]],
    ) -> None:
        self.diary = Diary()
        self.plan: Counter[str] = Counter()
        self.model = Model(strategy, max_restarts, auto)
        self.kinds = children
        specs = self.all_anew()
        self.flags = {
            "strategy": strategy,
            "max_restarts": max_restarts,
            "max_seconds": WINDOW,
            "auto_shutdown": auto,
        }
        sup = rg.supervisor(specs, name="sup", restart="temporary", **self.flags)  # type: ignore[arg-type]
        self.live = Live(sup, hand_off=self.hand_off)
        self.sup = self.live.system.ref("sup", rg.Supervisor)

    def all_anew(self) -> list[rg.ChildSpec]:
        """The children as at the beginning, in the model as well."""
        specs: list[rg.ChildSpec] = []
        for who, (restart, wanted) in zip("abcd", self.kinds, strict=False):
            significant = wanted and self.model.auto_shutdown != "never" and restart != "permanent"
            slot = Slot(who, restart, significant)
            self.model.slots.append(slot)
            self.model.lines.append(f"+{who}")
            specs.append(self.spec(slot))
        return specs

    def spec(self, slot: Slot) -> rg.ChildSpec:
        return rg.child(
            Planned,
            id=slot.who,
            args=(slot.who, self.diary, self.plan),
            restart=slot.restart,
            significant=slot.significant,
        )

    def outcome(self, message: object) -> str:
        """How a call of the supervisor ended: `ok`, or the error's name."""
        try:
            self.live.run(self.sup.call(message, timeout=60.0))  # type: ignore[arg-type]
        except rg.errors.RegrowError as error:
            return type(error).__name__
        return "ok"

    async def end_and_settle(self, pid: rg.Pid[object], how: How) -> None:
        end(pid, how)  # type: ignore[arg-type]
        await self.live.system.idle()

    def alive(self) -> bool:
        return self.model.alive

    def dead(self) -> bool:
        return not self.model.alive

    # -- what may happen -----------------------------------------------------------------------

    @precondition(alive)
    @rule(which=st.integers(0, 9), how=st.sampled_from(HOWS), failures=st.sampled_from([0, 0, 0, 1, 2, 9]))
    def child_ends(self, which: int, how: How, failures: int) -> None:
        running = [slot for slot in self.model.slots if slot.state == "running"]
        if not running:
            return
        slot = running[which % len(running)]
        rows = self.live.run(self.sup.call(rg.Supervisor.which_children(), timeout=1.0))
        pid = next(row.pid for row in rows if row.id == slot.who)
        assert pid is not None
        if failures:
            victim = self.model.slots[which % len(self.model.slots)].who
            self.plan[victim] = self.model.failures[victim] = failures
        self.live.run(self.end_and_settle(pid, how))
        self.model.ended(slot, how, self.live.now())

    @precondition(alive)
    @rule(who=st.sampled_from("abcd"))
    def terminate_child(self, who: str) -> None:
        slot = self.model.find(who)
        assert self.outcome(rg.Supervisor.terminate_child(who)) == ("ok" if slot else "NoSuchChild")
        if slot is not None:
            self.model.stop(slot)
            if slot.restart == "temporary":
                self.model.slots.remove(slot)

    @precondition(alive)
    @rule(who=st.sampled_from("abcd"))
    def restart_child(self, who: str) -> None:
        slot = self.model.find(who)
        got = self.outcome(rg.Supervisor.restart_child(who))
        if slot is None or slot.state == "running":
            assert got == ("NoSuchChild" if slot is None else "ChildRunning")
        else:
            assert got == ("ok" if self.model.start(slot) else "InitFailed")

    @precondition(alive)
    @rule(who=st.sampled_from("abcd"))
    def delete_child(self, who: str) -> None:
        slot = self.model.find(who)
        got = self.outcome(rg.Supervisor.delete_child(who))
        if slot is None or slot.state == "running":
            assert got == ("NoSuchChild" if slot is None else "ChildRunning")
        else:
            assert got == "ok"
            self.model.slots.remove(slot)

    @precondition(alive)
    @rule(who=st.sampled_from("abcd"), restart=st.sampled_from(["permanent", "transient", "temporary"]))
    def start_child(self, who: str, restart: Restart) -> None:
        present = self.model.find(who)
        slot = Slot(who, restart, significant=False)
        got = self.outcome(rg.Supervisor.start_child(self.spec(slot)))
        if present is not None:
            running = present.state == "running"
            assert got == ("ChildAlreadyStarted" if running else "ChildAlreadyPresent")
        elif self.model.start(slot):
            assert got == "ok"
            self.model.slots.append(slot)
        else:
            assert got == "InitFailed"

    @precondition(alive)
    @rule(seconds=st.sampled_from([1.0, 2.5, 5.0, 6.0]))
    def time_passes(self, seconds: float) -> None:
        self.live.wait(seconds)

    @precondition(dead)
    @rule()
    def another_takes_its_place(self) -> None:
        old = self.model
        self.plan.clear()
        self.model = Model(old.strategy, old.max_restarts, old.auto_shutdown)
        sup = rg.supervisor(self.all_anew(), name="sup", restart="temporary", **self.flags)  # type: ignore[arg-type]
        self.live.run(self.live.system.root.call(rg.Supervisor.start_child(sup), timeout=1.0))

    # -- what must hold ------------------------------------------------------------------------

    @invariant()
    def both_say_the_same(self) -> None:
        if not hasattr(self, "live"):
            return
        assert self.diary.take() == self.model.lines
        self.model.lines.clear()
        assert self.sup.alive is self.model.alive
        assert +self.plan == +self.model.failures
        if self.model.alive:
            rows = self.live.run(self.sup.call(rg.Supervisor.which_children(), timeout=1.0))
            assert [(row.id, row.state) for row in rows] == [(s.who, s.state) for s in self.model.slots]
            counts = self.live.run(self.sup.call(rg.Supervisor.count_children(), timeout=1.0))
            running = sum(slot.state == "running" for slot in self.model.slots)
            assert (counts.specs, counts.active) == (len(self.model.slots), running)

    def teardown(self) -> None:
        if hasattr(self, "live"):
            self.live.close()


class Queued(Machine):
    hand_off = False


CHECKS = settings(
    max_examples=30,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)


def test_supervisor_with_hand_off() -> None:
    run_state_machine_as_test(Machine, settings=CHECKS)


def test_supervisor_without_hand_off() -> None:
    run_state_machine_as_test(Queued, settings=CHECKS)
