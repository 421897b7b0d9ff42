"""The behaviours that other libraries fail at; `benchmarks/peers_semantics.py` shows them there.

Each test is a scenario of that table by its name, and records what it saw for Regrow's column.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from typing import Literal

import pytest

import regrow as rg
from tests.peers.idle import QuietLoop
from tests.peers.servers import Log, Server, Small
from tests.runtime.kit import play

Record = Callable[[str, object], None]


@pytest.fixture(params=[True, False], ids=["hand_off", "queued"])
def hand_off(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def _child(name: str, log: Log, kind: type[Server] = Server) -> rg.ChildSpec:
    return rg.child(kind, name=name, args=(log, name))


def _now() -> float:
    return asyncio.get_running_loop().time()


def test_callee_crash_fails_fast(*, hand_off: bool, record_property: Record) -> None:
    async def body(system: rg.System) -> float:
        ref, before = system.ref("a", Server), _now()
        with pytest.raises(rg.errors.ProcessExited, match="boom"):
            await ref.call(Server.boom(), timeout=3.0)
        return _now() - before

    took = play(body, _child("a", Log()), hand_off=hand_off)
    assert took == 0.0
    record_property("observed", "ProcessExited at once, also for callers in the queue")


def test_callee_crash_fails_fast_for_all_that_wait(*, hand_off: bool) -> None:
    async def body(system: rg.System) -> tuple[float, list[object]]:
        ref, entered, gate = system.ref("a", Server), asyncio.Event(), asyncio.Event()
        first = asyncio.ensure_future(ref.call(Server.boom_at(entered, gate), timeout=3.0))
        await entered.wait()
        second = asyncio.ensure_future(ref.call(Server.echo("x"), timeout=3.0))
        before = _now()
        gate.set()
        ends: list[object] = list(await asyncio.gather(first, second, return_exceptions=True))
        return _now() - before, ends

    took, ends = play(body, _child("a", Log()), hand_off=hand_off)
    assert took == 0.0
    assert [type(end) for end in ends] == [rg.errors.ProcessExited] * 2


def test_foreign_messages_survive_a_call(*, hand_off: bool, record_property: Record) -> None:
    async def body(system: rg.System) -> tuple[str, object]:
        async with system.guest() as me:
            me.send("before")
            reply = await system.ref("a", Server).call(Server.tell(me), timeout=1.0)
            assert await rg.receive(timeout=1.0) == "before"
            return reply, await rg.receive(timeout=1.0)

    assert play(body, _child("a", Log()), hand_off=hand_off) == ("told", "foreign")
    record_property("observed", "received, in order")


async def _fill(ref: rg.Ref[Small], gate: asyncio.Event) -> asyncio.Task[None]:
    """Keeps the server busy until the gate opens, and takes the one place of its mailbox."""
    entered = asyncio.Event()
    busy = asyncio.create_task(ref.call(Server.wait_at(entered, gate), timeout=10.0))
    await entered.wait()
    ref.cast(Server.note("takes the place"))
    return busy


def test_call_timeout_covers_the_send(*, hand_off: bool, record_property: Record) -> None:
    async def body(system: rg.System) -> float:
        ref, gate = system.ref("a", Small), asyncio.Event()
        busy = await _fill(ref, gate)
        before = _now()
        with pytest.raises(rg.errors.CallTimeout):
            await ref.call(Server.echo("x"), timeout=0.1)
        took = _now() - before
        gate.set()
        await busy
        return took

    took = play(body, _child("a", Log(), Small), hand_off=hand_off)
    assert took == pytest.approx(0.1)
    record_property("observed", "CallTimeout after 100 ms, mailbox full")


def test_cast_never_blocks(*, hand_off: bool, record_property: Record) -> None:
    async def body(system: rg.System) -> None:
        ref, gate = system.ref("a", Small), asyncio.Event()
        busy = await _fill(ref, gate)
        with pytest.raises(rg.errors.MailboxFull):
            ref.cast(Server.note("x"))
        gate.set()
        await busy

    play(body, _child("a", Log(), Small), hand_off=hand_off)
    record_property("observed", "a plain function: MailboxFull at once, mailbox full")


def test_monitor_refs_are_unique(*, hand_off: bool, record_property: Record) -> None:
    log = Log()

    async def body(system: rg.System) -> tuple[rg.Monitor, rg.Monitor, rg.Monitor, object]:
        async with system.guest():
            a, b, c = (system.ref(name, Server) for name in "abc")
            first, second = rg.monitor(a), rg.monitor(b)
            rg.demonitor(first)
            third = rg.monitor(c)
            c.kill()
            return first, second, third, await rg.receive(timeout=1.0)

    *monitors, down = play(body, *(_child(name, log) for name in "abc"), hand_off=hand_off)
    assert len(set(monitors)) == 3
    assert isinstance(down, rg.Down)
    assert down.monitor == monitors[2]
    record_property("observed", "3 different of 3, the DOWN carries its own")


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all", "rest_for_one"])
def test_one_crash_is_one_restart(
    *,
    strategy: Literal["one_for_one", "one_for_all", "rest_for_one"],
    hand_off: bool,
    record_property: Record,
) -> None:
    log, names = Log(), [f"child-{i}" for i in range(5)]

    async def body(system: rg.System) -> int:
        with pytest.raises(rg.errors.ProcessExited):
            await system.ref(names[0], Server).call(Server.boom(), timeout=1.0)
        await system.idle()
        return sum(system.whereis(name) is not None for name in names)

    children = [_child(name, log) for name in names]
    up = play(body, *children, hand_off=hand_off, strategy=strategy, max_restarts=3)
    assert up == 5
    assert len(log.started) == (6 if strategy == "one_for_one" else 10)
    record_property("observed", f"{strategy} {up} of 5 up")


def _nested(*names: str, log: Log) -> rg.ChildSpec:
    children = [_child(name, log) for name in names]
    return rg.supervisor(children, id="nested", name="nested", restart="temporary", max_restarts=3)


def test_restart_budget_exists(*, hand_off: bool, record_property: Record) -> None:
    log = Log()

    async def body(system: rg.System) -> rg.ExitReason:
        return await system.ref("nested", rg.Supervisor).down(timeout=5.0)

    reason = play(body, _nested("loop", log=log), hand_off=hand_off)
    assert reason == rg.SHUTDOWN
    assert log.started == ["loop"] * 4
    record_property("observed", "4 starts, then the supervisor ends with SHUTDOWN")


def test_budget_ends_the_subtree_alone(*, hand_off: bool, record_property: Record) -> None:
    log = Log()

    async def body(system: rg.System) -> list[bool]:
        await system.ref("nested", rg.Supervisor).down(timeout=5.0)
        await system.idle()
        assert await system.ref("beside", Server).call(Server.echo("x"), timeout=1.0) == "x"
        return [system.whereis(name) is not None for name in ("nested", "sibling", "loop", "beside")]

    up = play(body, _nested("sibling", "loop", log=log), _child("beside", log), hand_off=hand_off)
    assert up == [False, False, False, True]
    assert log.started.count("beside") == 1
    record_property("observed", "supervisor down, sibling down, beside up")


def test_temporary_child_stays_down(*, hand_off: bool, record_property: Record) -> None:
    log = Log()

    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.ProcessExited):
            await system.ref("a", Server).call(Server.boom(), timeout=1.0)
        await system.idle()
        assert system.whereis("a") is None

    play(body, rg.child(Server, name="a", args=(log, "a"), restart="temporary"), hand_off=hand_off)
    assert log.started == ["a"]
    record_property("observed", "1 start")


def test_terminate_is_called(*, hand_off: bool, record_property: Record) -> None:
    log = Log()

    async def body(system: rg.System) -> None:
        await system.ref("stops", Server).call(Server.finish(), timeout=1.0)
        with pytest.raises(rg.errors.ProcessExited):
            await system.ref("crashes", Server).call(Server.boom(), timeout=1.0)
        await system.idle()
        assert log.terminated == ["stops", "crashes"]

    names = ("stays", "stops", "crashes")
    children = [rg.child(Server, name=name, args=(log, name), restart="temporary") for name in names]
    play(body, *children, hand_off=hand_off)
    assert log.terminated == ["stops", "crashes", "stays"]
    record_property("observed", "called for its own stop, its crash, and the supervisor's shutdown")


def test_killed_permanent_child_restarts(*, hand_off: bool, record_property: Record) -> None:
    log = Log()

    async def body(system: rg.System) -> None:
        system.ref("a", Server).kill()
        await system.idle()
        assert await system.ref("a", Server).call(Server.echo("x"), timeout=1.0) == "x"

    play(body, _child("a", log), hand_off=hand_off)
    assert log.started == ["a", "a"]
    record_property("observed", "2 starts")


def test_demonitor_flushes(*, hand_off: bool, record_property: Record) -> None:
    async def body(system: rg.System) -> None:
        async with system.guest():
            ref = system.ref("a", Server)
            watched, other = rg.monitor(ref), rg.monitor(ref)
            ref.kill()
            await system.idle()
            rg.demonitor(watched)
            # Only the other's is left.
            down = await rg.receive(timeout=0.1)
            assert isinstance(down, rg.Down)
            assert down.monitor == other
            with pytest.raises(rg.errors.ReceiveTimeout):
                await rg.receive(timeout=0.1)

    play(body, _child("a", Log()), hand_off=hand_off)
    record_property("observed", "nothing left")


def test_start_failure_is_loud(*, hand_off: bool, record_property: Record) -> None:
    log = Log()

    async def body(system: rg.System) -> None:
        raise AssertionError("it must not come up")

    with pytest.raises(rg.errors.ChildStartFailed, match="bad") as caught:
        play(body, _child("a", log), _child("bad", log), hand_off=hand_off)
    assert log.started == ["a", "bad"]
    assert log.terminated == ["a"]
    record_property("observed", f"{type(caught.value).__name__} names the child; first child down")


def test_no_idle_wake_ups(*, hand_off: bool, record_property: Record) -> None:
    quiet = QuietLoop()

    async def main() -> bool:
        children = [_child(f"child-{i}", Log()) for i in range(100)]
        async with rg.System(children, hand_off=hand_off) as system:
            for i in range(100):
                await system.ref(f"child-{i}", Server).call(Server.echo("x"), timeout=0.01)
            await system.idle()
            return await quiet.rests()

    # What the last deadlines leave behind may still go off, but nothing that comes again.
    assert quiet.run(main())
    record_property("observed", "the loop sleeps without a timer")


_WITHOUT_EXTRAS = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"click", "rich", "pytest", "hypothesis", "uvloop", "anyio"}:
            raise ImportError(f"{name} is an extra")

sys.meta_path.insert(0, Refuse())
import importlib, pkgutil, regrow

for name in regrow.__all__:
    getattr(regrow, name)
modules = [m.name for m in pkgutil.iter_modules(regrow.__path__) if m.name not in {"cli", "__main__"}]
for module in modules:
    importlib.import_module(f"regrow.{module}")
print(len(modules) + 1)
"""


def test_import_needs_no_extras(record_property: Record) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_EXTRAS], capture_output=True, text=True, check=False, timeout=30
    )
    assert (done.returncode, done.stderr) == (0, "")
    record_property("observed", f"{done.stdout.strip()} modules import")
