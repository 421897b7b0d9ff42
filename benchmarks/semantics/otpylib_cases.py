"""otpylib."""
# mypy: ignore-errors

from __future__ import annotations

import asyncio

from otpylib import gen_server, process, supervisor
from otpylib.gen_server.data import NoReply, Reply
from otpylib.module import GEN_SERVER, SUPERVISOR, OTPModule
from otpylib.supervisor.atoms import KILLED, ONE_FOR_ALL, ONE_FOR_ONE, REST_FOR_ONE, SHUTDOWN, TEMPORARY

from benchmarks.drivers.otpylib_driver import drive
from benchmarks.semantics.kit import FAST, PATIENCE, Cases, idle, judge, learnt, timed

_STRATEGIES = {"one_for_one": ONE_FOR_ONE, "one_for_all": ONE_FOR_ALL, "rest_for_one": REST_FOR_ONE}
starts: dict[str, int] = {}
terminated: list[str] = []


class Server(metaclass=OTPModule, behavior=GEN_SERVER, version="1.0.0"):
    async def init(self, name):
        starts[name] = starts.get(name, 0) + 1
        if name == "bad":
            raise RuntimeError("no start")
        if name == "loop":
            me, loop = process.self(), asyncio.get_running_loop()
            loop.call_later(0.02, lambda: loop.create_task(process.send(me, "boom")))
        return name

    async def handle_call(self, message, _caller, state):
        if message == "boom":
            raise RuntimeError("boom")
        if message == "slow":
            await asyncio.sleep(1.0)
        return Reply(message), state

    async def handle_cast(self, message, state):
        if message == "boom":
            raise RuntimeError("boom")
        return NoReply(), state

    async def handle_info(self, message, state):
        if message == "boom":
            raise RuntimeError("boom")
        return NoReply(), state

    async def terminate(self, reason, state):
        terminated.append(state)


class Supervisor(metaclass=OTPModule, behavior=SUPERVISOR, version="1.0.0"):
    async def init(self, args):
        return args

    async def terminate(self, reason, state):
        pass


def _child(name, **options):
    return supervisor.child_spec(id=name, module=Server, args=name, name=name, **options)


async def _supervise(children, *, strategy=ONE_FOR_ONE, max_restarts=3, name="supervisor"):
    options = supervisor.options(max_restarts=max_restarts, max_seconds=5, strategy=strategy)
    return await Supervisor.start_link(init_arg=(children, options), name=name)


class Otpylib(Cases):
    package = distribution = "otpylib"

    def drive(self, main):
        return drive(main)

    async def callee_crash_fails_fast(self):
        await gen_server.start(Server, "a", "a")
        return learnt(await timed(gen_server.call("a", "boom", PATIENCE)))

    async def foreign_messages_survive_a_call(self):
        await gen_server.start(Server, "a", "a")
        me = process.self()
        asyncio.get_running_loop().call_later(0.2, lambda: asyncio.ensure_future(process.send(me, "foreign")))
        await gen_server.call("a", "slow", PATIENCE)
        end = await timed(process.receive(timeout=FAST))
        return judge(end.value == "foreign", "received" if end.value == "foreign" else "lost")

    async def call_timeout_covers_the_send(self):
        await gen_server.start(Server, "a", "a")
        await process.spawn(gen_server.call, args=["a", "slow"])
        await asyncio.sleep(0.05)
        end = await timed(gen_server.call("a", "echo", 0.1))
        return judge(end.error is not None and end.seconds < FAST, str(end))

    async def cast_never_blocks(self):
        await gen_server.start(Server, "a", "a")
        await process.spawn(gen_server.call, args=["a", "slow"])
        await asyncio.sleep(0.05)
        end = await timed(gen_server.cast("a", "x"))
        return judge(end.seconds < 0.1, f"{end}; mailbox without a bound")

    async def monitor_refs_are_unique(self):
        a, b, c = [await gen_server.start(Server, name, name) for name in "abc"]
        first, second = await process.monitor(a), await process.monitor(b)
        await process.demonitor(first)
        third = await process.monitor(c)
        return judge(len({first, second, third}) == 3, f"references {first}, {second}, {third}")

    async def one_crash_is_one_restart(self):
        seen, passed = [], True
        for text, strategy in _STRATEGIES.items():
            names = [f"{text}-{i}" for i in range(5)]
            await _supervise([_child(name) for name in names], strategy=strategy, name=text)
            await gen_server.cast(names[0], "boom")
            await asyncio.sleep(0.5)
            up = sum(process.whereis(name) is not None for name in names)
            passed &= up == 5
            seen.append(f"{text} {up} of 5 up")
        return judge(passed, ", ".join(seen))

    async def restart_budget_exists(self):
        await _supervise([_child("loop")])
        await asyncio.sleep(1.0)
        return judge(starts["loop"] == 4, f"{starts['loop']} starts in 1 s")

    async def budget_ends_the_subtree_alone(self):
        await gen_server.start(Server, "beside", "beside")
        await _supervise([_child("sibling"), _child("loop")])
        await asyncio.sleep(1.0)
        sibling, beside = process.whereis("sibling"), process.whereis("beside")
        above = process.whereis("supervisor")
        text = f"supervisor {_up(above)}, sibling {_up(sibling)}, beside {_up(beside)}"
        return judge(sibling is None and above is None and beside is not None, text)

    async def temporary_child_stays_down(self):
        await _supervise([_child("a", restart=TEMPORARY)])
        await gen_server.cast("a", "boom")
        await asyncio.sleep(0.5)
        return judge(starts["a"] == 1, f"{starts['a']} starts")

    async def terminate_is_called(self):
        supervised = await _supervise([_child("a")])
        await gen_server.start(Server, "b", "b")
        await process.send("b", (gen_server.core.STOP_ACTION, "enough"))
        await process.send(supervised, SHUTDOWN)
        await asyncio.sleep(0.5)
        return judge(set(terminated) == {"a", "b"}, f"called for {terminated} of ['a', 'b']")

    async def killed_permanent_child_restarts(self):
        await _supervise([_child("a")])
        await process.exit("a", KILLED)
        await asyncio.sleep(0.5)
        return judge(starts["a"] == 2, f"{starts['a']} starts")

    async def demonitor_flushes(self):
        a = await gen_server.start(Server, "a", "a")
        reference = await process.monitor(a)
        await gen_server.cast("a", "boom")
        await asyncio.sleep(0.2)
        await process.demonitor(reference, flush=True)
        end = await timed(process.receive(timeout=0.2))
        return judge(end.error is not None, "nothing left" if end.error else f"received {end.value!r:.60}")

    async def start_failure_is_loud(self):
        end = await timed(_supervise([_child("a"), _child("bad")]))
        await asyncio.sleep(0.2)
        first = process.whereis("a")
        return judge(end.error is not None and first is None, f"{end}; first child {_up(first)}")

    async def no_idle_wake_ups(self):
        for i in range(100):
            await gen_server.start(Server, "idle", f"idle-{i}")
        idle()
        await process.receive()


def _up(pid):
    return "up" if pid else "down"


CASES = Otpylib()
