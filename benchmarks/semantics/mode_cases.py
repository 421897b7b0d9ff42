"""mode: services without a mailbox, so only what concerns supervision."""
# mypy: ignore-errors
# ruff: noqa: PLC0415, RUF012

from __future__ import annotations

import asyncio

from mode import OneForAllSupervisor, OneForOneSupervisor, Service

from benchmarks.semantics.kit import Cases, idle, judge, timed

starts: dict[str, int] = {}
stopped: list[str] = []
_NO_MAILBOX = "services have no mailbox"
_NO_MONITORS = "no monitors"


class Server(Service):
    def __init__(self, name):
        self.name = name
        super().__init__()

    async def on_start(self):
        starts[self.name] = starts.get(self.name, 0) + 1
        if self.name == "bad":
            raise RuntimeError("no start")
        self.boom = asyncio.Event()
        if self.name.startswith("loop"):
            asyncio.get_running_loop().call_later(0.02, self.boom.set)

    async def on_stop(self):
        stopped.append(self.name)

    @Service.task
    async def _serve(self):
        await self.boom.wait()
        raise RuntimeError("boom")


async def _supervise(*services, kind=OneForOneSupervisor, max_restarts=3.0):
    supervisor = kind(max_restarts=max_restarts, over=5.0)
    supervisor.add(*services)
    await supervisor.start()
    await asyncio.sleep(0.1)
    return supervisor


def _running(service):
    return service.started and not service.crashed and not service.should_stop


def _state(service):
    reason = f" ({type(service.crash_reason).__name__})" if service.crashed else ""
    return "up" if _running(service) else f"down{reason}"


class Mode(Cases):
    package, distribution = "mode", "mode-streaming"
    cannot = {
        "callee_crash_fails_fast": _NO_MAILBOX,
        "foreign_messages_survive_a_call": _NO_MAILBOX,
        "call_timeout_covers_the_send": _NO_MAILBOX,
        "cast_never_blocks": _NO_MAILBOX,
        "monitor_refs_are_unique": _NO_MONITORS,
        "demonitor_flushes": _NO_MONITORS,
        "killed_permanent_child_restarts": "no way to kill a service",
    }

    async def one_crash_is_one_restart(self):
        seen, passed = [], True
        for kind in (OneForOneSupervisor, OneForAllSupervisor):
            services = [Server(f"{kind.__name__}-{i}") for i in range(5)]
            await _supervise(*services, kind=kind)
            services[0].boom.set()
            await asyncio.sleep(1.0)
            up = sum(map(_running, services))
            passed &= up == 5
            seen.append(f"{kind.__name__} {up} of 5 up")
        return judge(passed, ", ".join(seen))

    async def restart_budget_exists(self):
        supervisor = await _supervise(Server("loop"))
        await asyncio.sleep(8.0)
        return judge(starts["loop"] == 4, f"{starts['loop']} starts in 8 s; supervisor {_state(supervisor)}")

    async def budget_ends_the_subtree_alone(self):
        beside, sibling = Server("beside"), Server("sibling")
        await beside.start()
        # 1 restart in 5 s; the crashes go on.
        supervisor = await _supervise(sibling, Server("loop"), max_restarts=1.0)
        await asyncio.sleep(10.0)
        text = f"supervisor {_state(supervisor)}, sibling {_state(sibling)}, beside {_state(beside)}"
        return judge(not _running(sibling) and _running(beside), text)

    async def temporary_child_stays_down(self):
        from mode import ForfeitOneForOneSupervisor

        service = Server("a")
        await _supervise(service, kind=ForfeitOneForOneSupervisor)
        service.boom.set()
        await asyncio.sleep(1.0)
        return judge(starts["a"] == 1, f"{starts['a']} starts (a whole supervisor for it)")

    async def terminate_is_called(self):
        supervisor = await _supervise(Server("a"))
        await timed(supervisor.stop())
        return judge(stopped == ["a"], f"called for {stopped} of ['a']")

    async def start_failure_is_loud(self):
        first = Server("a")
        end = await timed(_supervise(first, Server("bad")))
        await asyncio.sleep(0.2)
        text = f"{end}; first child {'up' if _running(first) else 'down'}"
        return judge(end.error is not None and not _running(first), text)

    async def no_idle_wake_ups(self):
        await _supervise(*(Server("idle") for _ in range(100)))
        idle()
        await asyncio.get_running_loop().create_future()


CASES = Mode()
