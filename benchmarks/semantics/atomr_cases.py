"""atomr. Its root imports its test kit, which imports pytest: a stand-in lets the other cases run."""
# mypy: ignore-errors
# ruff: noqa: ASYNC251, E402, RUF012

from __future__ import annotations

import itertools
import sys
import time
from types import SimpleNamespace

sys.modules.setdefault("pytest", SimpleNamespace(fixture=lambda *args, **kwargs: lambda function: function))

from atomr import Actor, ActorSystem, props

from benchmarks.semantics.kit import FAST, PATIENCE, Cases, judge, learnt, timed_sync

_DIRECTIVES = "Akka's directives per child, no supervisor of servers"
_names = (f"actor-{i}" for i in itertools.count())


class Server(Actor):
    async def handle(self, ctx, message):
        if message == "boom":
            raise RuntimeError("boom")
        if message == "slow":
            time.sleep(1.0)
        return message


class Atomr(Cases):
    package = distribution = "atomr"
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
            _DIRECTIVES,
        ),
        "monitor_refs_are_unique": "a watch has no reference",
        "demonitor_flushes": "a watch has no reference",
        "foreign_messages_survive_a_call": "a reply has a channel of its own",
    }

    def _start(self):
        self.system = ActorSystem.create_blocking("cases")
        return self.system.actor_of(props(Server), next(_names))

    def callee_crash_fails_fast(self):
        a = self._start()
        return learnt(timed_sync(lambda: a.ask_blocking("boom", PATIENCE)))

    def call_timeout_covers_the_send(self):
        a = self._start()
        a.tell("slow")
        end = timed_sync(lambda: a.ask_blocking("x", 0.1))
        return judge(end.error is not None and end.seconds < FAST, str(end))

    def cast_never_blocks(self):
        a = self._start()
        a.tell("slow")
        end = timed_sync(lambda: a.tell("x"))
        return judge(end.seconds < 0.1, str(end))


CASES = Atomr()
