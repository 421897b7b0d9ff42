"""Pykka: calls and mailboxes; there is no supervision."""
# mypy: ignore-errors
# ruff: noqa: RUF012

from __future__ import annotations

import threading
import time

import pykka

from benchmarks.semantics.kit import FAST, PATIENCE, Cases, idle, judge, learnt, timed_sync

_NO_SUPERVISION = "no supervision"
_NO_MONITORS = "no monitors"
stopped: list[str] = []


class Server(pykka.ThreadingActor):
    def __init__(self, name):
        super().__init__()
        self.name, self.seen = name, []
        if name == "bad":
            raise RuntimeError("no start")

    def on_receive(self, message):
        if message == "boom":
            raise RuntimeError("boom")
        if message == "slow":
            time.sleep(1.0)
        if message == "seen":
            return self.seen
        if callable(message):
            return message()
        self.seen.append(message)
        return message

    def on_stop(self):
        stopped.append(self.name)


class Pykka(Cases):
    package = distribution = "pykka"
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
            _NO_SUPERVISION,
        ),
        "monitor_refs_are_unique": _NO_MONITORS,
        "demonitor_flushes": _NO_MONITORS,
    }

    def callee_crash_fails_fast(self):
        a = Server.start("a")
        end = timed_sync(lambda: a.ask("boom", timeout=PATIENCE))
        return learnt(end, f"; the actor is {'up' if a.is_alive() else 'down'}")

    def foreign_messages_survive_a_call(self):
        a, caller = Server.start("a"), Server.start("caller")
        asking = caller.ask(lambda: a.ask("slow"), block=False)
        time.sleep(0.1)
        caller.tell("foreign")
        asking.get()
        seen = caller.ask("seen")
        return judge(seen == ["foreign"], "received" if seen else "lost")

    def call_timeout_covers_the_send(self):
        a = Server.start("a")
        a.tell("slow")
        end = timed_sync(lambda: a.ask("echo", timeout=0.1))
        return judge(end.error is not None and end.seconds < FAST, str(end))

    def cast_never_blocks(self):
        a = Server.start("a")
        a.tell("slow")
        end = timed_sync(lambda: a.tell("x"))
        return judge(end.seconds < 0.1, f"{end}; mailbox without a bound")

    def terminate_is_called(self):
        Server.start("a").stop()
        return judge(stopped == ["a"], f"called for {stopped} of ['a']")

    def no_idle_wake_ups(self):
        for _ in range(100):
            Server.start("idle")
        time.sleep(0.2)
        idle()
        threading.Event().wait()


CASES = Pykka()
