"""`System.run` in child processes, with real signals; their output is read with a deadline."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import regrow as rg
from tests.runtime.life_servers import LET_GO, LOG, Worker, fail, forever, worker
from tests.runtime.loops import LOOPS, Factory

PATIENCE = 20.0
UVLOOP = "__import__('uvloop').new_event_loop"

HEAD = """
import asyncio, logging, signal, sys, threading
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started us may ignore it
logging.disable(logging.CRITICAL)
import regrow as rg

def say(*words):
    print(*words, flush=True)

async def forever():
    await asyncio.Event().wait()

class Worker(rg.GenServer):
    def init(self, label="w"):
        self.label = label
        say("+" + label)
    @rg.cast
    def hog(self):
        handler = signal.getsignal(signal.SIGINT)
        def taken(number, frame):
            say("taken")
            handler(number, frame)
        signal.signal(signal.SIGINT, taken)
        say("hogging")
        threading.Event().wait()
    @rg.cast
    async def press(self):
        raise KeyboardInterrupt
    @rg.cast
    async def quit(self):
        await self.system.stop()
    @rg.cast
    def crash(self):
        raise ValueError
    def terminate(self, reason):
        say("-" + self.label)

class Slow(Worker):
    async def terminate(self, reason):
        say("stuck")
        await forever()

class Deaf(Worker):
    async def terminate(self, reason):
        say("deaf")
        while True:
            try:
                await forever()
            except asyncio.CancelledError:
                pass

def spec(label, cls=Worker, **options):
    return rg.child(cls, id=label, name=label, args=(label,), **options)

async def ready(system):
    say("ready")
    try:
        await forever()
    finally:
        say("main ends")

old = {}
def mine(number, frame): ...
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, mine)

def run(system, *args, **options):
    try:
        say("result", system.run(*args, **options))
    except BaseException as error:
        say(type(error).__name__)
    restored = all(signal.getsignal(n) is mine for n in (signal.SIGINT, signal.SIGTERM))
    say("restored" if restored else "NOT RESTORED")
"""


class Child:
    """A child process and what it has said so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []

    def until(self, line: str) -> None:
        """Read up to this line; the watchdog of `child` ends the process if it never comes."""
        assert self.process.stdout is not None
        for said in self.process.stdout:
            self.said.append(said.rstrip("\n"))
            if self.said[-1] == line:
                return
        pytest.fail(f"ended without {line!r}: {self.said} {self.errors()}")

    def rest(self) -> list[str]:
        """What it says until its end, which is without an error."""
        assert self.process.stdout is not None
        rest = self.process.stdout.read().splitlines()
        self.said += rest
        assert self.process.wait(PATIENCE) == 0, self.errors()
        return rest

    def errors(self) -> str:
        return "" if self.process.stderr is None else self.process.stderr.read()

    def signal(self, number: int) -> None:
        self.process.send_signal(number)


@contextmanager
def child(program: str) -> Iterator[Child]:
    """Run a program after `HEAD`; killed when the test is over, or has taken too long."""
    process = subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-c", HEAD + textwrap.dedent(program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watchdog = threading.Timer(PATIENCE, process.kill)
    watchdog.start()
    try:
        with process:
            try:
                yield Child(process)
            finally:
                process.kill()
    finally:
        watchdog.cancel()


@pytest.fixture(autouse=True)
def _fresh() -> None:
    LOG.clear()
    LET_GO.clear()


# -- signals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("loop", ["None", pytest.param(UVLOOP, id="uvloop", marks=LOOPS[1].marks)])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_in_order_and_the_old_handlers_come_back(number: int, loop: str) -> None:
    with child(f"run(rg.System([spec('a'), spec('b')]), ready, loop_factory={loop})") as process:
        process.until("ready")
        process.signal(number)
        assert process.rest() == ["main ends", "-b", "-a", "result None", "restored"]
        assert process.said[:2] == ["+a", "+b"]


def test_a_signal_stops_a_system_that_has_no_main() -> None:
    program = """
        class Tells(Worker):
            def handle_info(self, message): say("ready")
            def init(self, label):
                rg.send_after(self.pid, "up", 0.0)
        run(rg.System([spec("a"), spec("t", Tells)]))
    """
    with child(program) as process:
        process.until("ready")
        process.signal(signal.SIGTERM)
        process.until("-a")
        assert process.rest() == ["result None", "restored"]


def test_a_signal_during_the_start_undoes_it() -> None:
    program = """
        class Starts(Worker):
            async def init(self, label):
                say("starting")
                await forever()
        run(rg.System([spec("a"), spec("s", Starts, start_timeout=60.0)]), ready)
    """
    with child(program) as process:
        process.until("starting")
        process.signal(signal.SIGTERM)
        assert process.rest() == ["-a", "result None", "restored"]


def test_a_stop_by_signal_has_a_deadline() -> None:
    program = """
        settings = rg.Settings(stop_timeout=0.1, kill_grace=0.05)
        run(rg.System([spec("a"), spec("s", Slow, shutdown=60.0)], settings=settings), ready)
    """
    with child(program) as process:
        process.until("ready")
        process.signal(signal.SIGTERM)
        assert process.rest() == ["main ends", "stuck", "StopTimeout", "restored"]


@pytest.mark.parametrize("deaf", ["main", "process"])
def test_who_listens_to_no_cancel_does_not_hold_up_the_end(deaf: str) -> None:
    program = f"""
        async def deaf_main(system):
            say("ready")
            while True:
                try:
                    await forever()
                except asyncio.CancelledError:
                    say("deaf")

        settings = rg.Settings(stop_timeout=0.1, kill_grace=0.05)
        children = [spec("a")] if {deaf == "main"} else [spec("a"), spec("d", Deaf, shutdown=60.0)]
        run(rg.System(children, settings=settings), deaf_main if {deaf == "main"} else ready)
        sys.stderr = None  # asyncio says at the very end that a task was left
    """
    with child(program) as process:
        process.until("ready")
        process.signal(signal.SIGTERM)
        rest = process.rest()
        assert "deaf" in rest
        assert rest[-2:] == ["StopTimeout", "restored"]


@pytest.mark.parametrize("where", ["main", "handler", "terminate"])
def test_a_second_sigint_ends_at_once(where: str) -> None:
    program = f"""
        async def main(system):
            say("ready")
            if "{where}" == "handler":
                system.ref("a", Worker).cast(Worker.hog())
            await forever()

        async def stays(system):
            say("ready")
            try:
                await forever()
            except asyncio.CancelledError:
                say("main stays")
                await forever()

        children = [spec("s", Slow, shutdown=60.0)] if "{where}" == "terminate" else [spec("a")]
        run(rg.System(children), stays if "{where}" == "main" else main)
    """
    with child(program) as process:
        process.until("hogging" if where == "handler" else "ready")
        process.signal(signal.SIGINT)
        process.until({"main": "main stays", "handler": "taken", "terminate": "stuck"}[where])
        process.signal(signal.SIGINT)
        assert process.rest()[-2:] == ["KeyboardInterrupt", "restored"]


def test_a_keyboard_interrupt_in_a_handler_stops_in_order() -> None:
    program = """
        async def main(system):
            system.ref("b", Worker).cast(Worker.press())
            await ready(system)
        run(rg.System([spec("a"), spec("b"), spec("c")]), main)
    """
    with child(program) as process:
        process.until("ready")
        rest = process.rest()
        assert [line for line in rest if line != "main ends"] == ["-c", "-a", "KeyboardInterrupt", "restored"]


def test_under_asyncio_run_ctrl_c_stops_in_order() -> None:
    program = """
        signal.signal(signal.SIGINT, signal.default_int_handler)
        async def main():
            async with rg.System([spec("a"), spec("b")]) as system:
                await ready(system)
        try:
            asyncio.run(main())
        except KeyboardInterrupt:
            say("interrupted")
    """
    with child(program) as process:
        process.until("ready")
        process.signal(signal.SIGINT)
        assert process.rest() == ["main ends", "-b", "-a", "interrupted"]


# -- without signals ---------------------------------------------------------------------------


@pytest.mark.parametrize("loop_factory", LOOPS)
def test_it_returns_what_main_returns(loop_factory: Factory) -> None:
    async def main(system: rg.System) -> str:
        return await system.ref("a", Worker).call(Worker.ping(), timeout=1.0)

    system = rg.System([worker("a"), worker("b")])
    assert system.run(main, loop_factory=loop_factory) == "a"
    assert system.state == "stopped"
    assert LOG == ["+a", "+b", "-b", "-a"]
    assert system.run(main) == "a"  # and again


def test_it_raises_what_main_raises_and_what_failed() -> None:
    async def raises(system: rg.System) -> None:
        raise KeyError("mine")

    async def fails(system: rg.System) -> None:
        await fail(system)
        await forever()

    with pytest.raises(KeyError):
        rg.System([worker("a")]).run(raises)
    with pytest.raises(rg.errors.SystemFailed):
        rg.System([worker("a")], max_restarts=0).run(fails)
    with pytest.raises(rg.errors.ChildStartFailed):
        rg.System([rg.child(Worker, kwargs={"label": "a"}), rg.child(Broken)]).run()


class Broken(rg.GenServer):
    def init(self) -> None:
        raise ValueError("no")


def test_it_ends_when_a_process_stops_the_system() -> None:
    class Quits(rg.GenServer):
        def init(self) -> rg.Continue:
            return rg.Continue()

        async def handle_continue(self, value: object) -> None:
            await self.system.stop()

    rg.System([worker("a"), rg.child(Quits)]).run()
    assert LOG == ["+a", "-a"]


def test_in_another_thread_it_runs_and_touches_no_handler() -> None:
    handlers: list[object] = []

    async def main(system: rg.System) -> None:
        handlers.extend(signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM))

    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    thread = threading.Thread(target=lambda: rg.System([worker("a")]).run(main))
    thread.start()
    thread.join(10.0)
    assert handlers == before
    assert LOG == ["+a", "-a"]


def test_async_with_sets_no_handlers() -> None:
    async def main() -> list[object]:
        async with rg.System([worker("a")]):
            return [signal.getsignal(number) for number in (signal.SIGTERM,)]

    before = signal.getsignal(signal.SIGTERM)
    assert asyncio.run(main()) == [before]


def test_inside_a_loop_it_is_refused() -> None:
    async def main() -> None:
        with pytest.raises(rg.errors.LoopRunning):
            rg.System([worker("a")]).run()

    asyncio.run(main())
    assert LOG == []


def test_what_main_leaves_on_the_loop_is_cancelled() -> None:
    ended: list[str] = []

    async def left() -> None:
        try:
            await forever()
        finally:
            ended.append("left")

    async def main(system: rg.System) -> None:
        task = asyncio.create_task(left())
        await asyncio.wait([task], timeout=0)

    rg.System([worker("a")]).run(main)
    assert ended == ["left"]


class SignalsAtItsEnd(rg.GenServer):
    def terminate(self, reason: rg.ExitReason) -> None:
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_signal_during_the_stop_hides_neither_result_nor_error() -> None:
    async def returns(system: rg.System) -> int:
        return 5

    async def fails(system: rg.System) -> None:
        raise TypeError("main failed")

    assert rg.System([rg.child(SignalsAtItsEnd)]).run(returns) == 5
    with pytest.raises(TypeError, match="main failed"):
        rg.System([rg.child(SignalsAtItsEnd)]).run(fails)
