"""Thespian, with an OS process per actor (multiprocQueueBase): in process nothing runs by itself."""
# mypy: ignore-errors
# ruff: noqa: N802, RUF012

from __future__ import annotations

import time

from thespian.actors import Actor, ActorExitRequest, ActorSystem, PoisonMessage

from benchmarks.semantics.kit import FAST, PATIENCE, Cases, judge, timed_sync

_NO_STRATEGIES = "no restarts: a parent is told that its child ended"


class Server(Actor):
    def receiveMessage(self, message, sender):
        if message == "boom":
            raise RuntimeError("boom")
        if message == "slow":
            time.sleep(1.0)
        if isinstance(message, str):
            self.send(sender, message)


class Thespian(Cases):
    package = distribution = "thespian"
    cannot = {
        **dict.fromkeys(
            (
                "one_crash_is_one_restart",
                "restart_budget_exists",
                "budget_ends_the_subtree_alone",
                "temporary_child_stays_down",
                "killed_permanent_child_restarts",
                "start_failure_is_loud",
            ),
            _NO_STRATEGIES,
        ),
        "monitor_refs_are_unique": "no monitors",
        "demonitor_flushes": "no monitors",
        "foreign_messages_survive_a_call": "no call from inside an actor",
        "terminate_is_called": "an exit request is a message like any other",
        "no_idle_wake_ups": "an OS process per actor",
    }

    def _with(self, work):
        system = ActorSystem("multiprocQueueBase")
        try:
            return work(system, system.createActor(Server))
        finally:
            system.shutdown()

    def callee_crash_fails_fast(self):
        def work(system, a):
            end = timed_sync(lambda: system.ask(a, "boom", PATIENCE))
            told = isinstance(end.value, PoisonMessage)
            text = f"PoisonMessage after {end.seconds * 1e3:.0f} ms" if told else f"{end}: {end.value!r}"
            return judge(told and end.seconds < FAST, f"{text}; the actor goes on")

        return self._with(work)

    def call_timeout_covers_the_send(self):
        def work(system, a):
            system.tell(a, "slow")
            end = timed_sync(lambda: system.ask(a, "echo", 0.1))
            return judge(end.value is None and end.seconds < FAST, f"None after {end.seconds * 1e3:.0f} ms")

        return self._with(work)

    def cast_never_blocks(self):
        def work(system, a):
            system.tell(a, "slow")
            end = timed_sync(lambda: system.tell(a, "x"))
            system.tell(a, ActorExitRequest())
            return judge(end.seconds < 0.1, str(end))

        return self._with(work)


CASES = Thespian()
