"""genserver: calls and casts; there is no supervision."""
# mypy: ignore-errors
# ruff: noqa: RUF012

from __future__ import annotations

import threading
import time

from genserver import GenServer

from benchmarks.semantics.kit import FAST, PATIENCE, Cases, idle, judge, timed_sync

stopped: list[str] = []


class Server(GenServer):
    def init(self, name):
        return name

    def handle_call(self, message, state):
        if message["say"] == "boom":
            raise RuntimeError("boom")
        if message["say"] == "slow":
            time.sleep(1.0)
        return message["say"], state

    def handle_cast(self, message, state):
        if message["say"] == "slow":
            time.sleep(1.0)
        return state

    def terminate(self, state):
        stopped.append(state)


def _start(name):
    server = Server()
    server.start(name)
    return server


class Genserver(Cases):
    package = distribution = "genserver"
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
            "no supervision",
        ),
        "monitor_refs_are_unique": "no monitors",
        "demonitor_flushes": "no monitors",
        "foreign_messages_survive_a_call": "a reply has a queue of its own: nothing could be lost",
    }

    def callee_crash_fails_fast(self):
        a = _start("a")
        end = timed_sync(lambda: a.call({"say": "boom"}, PATIENCE))
        told = end.error or end.value
        text = f"{type(told).__name__} as the answer after {end.seconds * 1e3:.0f} ms; the server goes on"
        return judge(isinstance(told, Exception) and end.seconds < FAST, text)

    def call_timeout_covers_the_send(self):
        a = _start("a")
        a.cast({"say": "slow"})
        end = timed_sync(lambda: a.call({"say": "x"}, 0.1))
        return judge(end.error is not None and end.seconds < FAST, str(end))

    def cast_never_blocks(self):
        a = _start("a")
        a.cast({"say": "slow"})
        end = timed_sync(lambda: a.cast({"say": "x"}))
        return judge(end.seconds < 0.1, f"{end}; mailbox without a bound")

    def terminate_is_called(self):
        _start("a").stop()
        return judge(stopped == ["a"], f"called for {stopped} of ['a']")

    def no_idle_wake_ups(self):
        for _ in range(100):
            _start("idle")
        idle()
        threading.Event().wait()


CASES = Genserver()
