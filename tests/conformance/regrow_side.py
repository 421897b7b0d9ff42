"""Runs a scenario on Regrow, on the virtual clock, and returns its trace."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Literal

import msgspec

import regrow as rg
from regrow import errors
from regrow.core.events import Exited
from regrow.testing import VirtualLoop, pass_time, run_virtual
from tests.conformance import model as m
from tests.conformance.regrow_processes import (
    Act,
    AsyncWorker,
    Do,
    HangingWorker,
    RecordedDynamic,
    RecordedSupervisor,
    Recorder,
    Text,
    Worker,
    observer,
    plain_worker,
    reason_text,
    send_exit,
)
from tests.conformance.trace import Final, Raw, Trace, normalise

Colour = Literal["def", "async"]
PATIENCE = 3600.0
"""Seconds of virtual time that no scenario ever reaches."""


class Unsettled(AssertionError):
    """``idle()`` returned too early, events disagree with links, or the runtime itself raised into the
    loop."""


def run_regrow(scenario: m.Scenario, *, colour: Colour = "def", hand_off: bool = True) -> Trace:
    """The trace of one scenario.

    Args:
        scenario: What to run.
        colour: Whether the workers' callbacks are ``def`` or ``async def``.
        hand_off: Whether calls may run on the caller's stack.
    """
    quiet = logging.getLogger("regrow")
    before, quiet.disabled = quiet.level, False
    quiet.setLevel(logging.CRITICAL + 1)
    try:
        return normalise(scenario, run_virtual(_Driver(scenario, colour, hand_off).run(), limit=4.0))
    finally:
        quiet.setLevel(before)


class _Driver:
    def __init__(self, scenario: m.Scenario, colour: Colour, hand_off: bool) -> None:
        self.scenario = scenario
        self.specs = scenario.specs()
        self.names = {s.name: s for s in self.specs.values() if s.name}
        self.colour = colour
        self.recorder = Recorder()
        self.system = self.recorder.system = rg.System([], hand_off=hand_off)
        self.tasks: set[asyncio.Task[None]] = set()
        self.told: dict[object, str] = {}
        self.broken: list[str] = []

    async def run(self) -> Raw:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self.loop = loop
        loop.set_exception_handler(
            lambda _, context: self.broken.append(f"{context['message']}: {context.get('exception')!r}")
        )
        recorder, steps = self.recorder, self.scenario.steps
        subscription = self.system.events.subscribe("process.exited", self.exited)
        # The driver is a process, as it is in Erlang: its signals have a sender.
        async with self.system, self.system.guest():
            recorder.pid = self.system.spawn(recorder.run)
            await self.settle()
            self.later(0, self.start_root())
            await self.settle()
            recorder.event("step", 0)
            for number, step in enumerate(steps, 1):
                await self.step(number, step)
                await self.settle()
                recorder.event("step", number)
            final = await self.look()
            await self.step(len(steps) + 1, m.Shutdown())
            await self.settle()
            recorder.event("step", len(steps) + 1)
            self.check_events()
        subscription.close()
        for task in self.tasks:
            task.cancel()
        return Raw(self.scenario.name, recorder.events, final)

    def exited(self, event: object) -> None:
        if isinstance(event, Exited):
            self.told[event.pid] = reason_text(event.reason)

    def check_events(self) -> None:
        """The event of every end must say what the links said; failed starts have none."""
        for pid, reason in self.recorder.exits.items():
            if self.told.get(pid, reason) != reason:
                raise Unsettled(f"{self.recorder.who(pid)}: event says {self.told[pid]}, link says {reason}")

    async def settle(self) -> None:
        """Nothing runs any more, and who hangs on purpose has been dealt with."""
        recorder = self.recorder
        while True:
            await self.system.idle()
            count = len(recorder.events)
            await self.loop.settled()
            if len(recorder.events) != count:
                raise Unsettled(f"{self.scenario.name}: after idle() came {recorder.events[count:]}")
            if self.broken:
                raise Unsettled(f"{self.scenario.name}: {self.broken}")
            recorder.busy = {pid for pid in recorder.busy if pid.alive}
            if not recorder.busy:
                return
            await pass_time(0.01)

    # -- steps -------------------------------------------------------------------------------------

    def later(self, number: int | None, action: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.get_running_loop().create_task(self.answer(number, action))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def answer(self, number: int | None, action: Coroutine[Any, Any, Any]) -> None:
        try:
            result = await action
        except errors.ProcessExited as error:
            result = f"exit:{reason_text(error.reason)}"
        except errors.NoProcess:
            result = "exit:noproc"
        except errors.RegrowError as error:
            result = f"error:{error_text(error)}"
        if number is not None:
            self.recorder.event("result", number, result)

    def now(self, number: int, result: Any = "ok") -> None:
        self.recorder.event("result", number, result)

    async def start_root(self) -> str:
        await self.system.root.call(
            rg.Supervisor.start_child(self.spec(self.scenario.root, restart="temporary")), timeout=PATIENCE
        )
        return "ok"

    async def step(self, number: int, step: m.Step) -> None:  # noqa: C901, PLR0912 - one arm per kind
        recorder, system = self.recorder, self.system
        match step:
            case m.Cast(target, act):
                self.cast(target, act)
                self.now(number)
            case m.Call(target, act):
                self.later(number, recorder.address(target).call(Worker.ask(act), timeout=PATIENCE))
            case m.Send(target, text):
                recorder.address(target).send(Text(None, text))
                self.now(number)
            case m.Signal(target, reason):
                send_exit(recorder.address(target), reason)
                self.now(number)
            case m.Spawn():
                try:
                    system.spawn(observer, recorder, step, name=step.name)
                except errors.NameTaken:
                    self.now(number, "name_taken")
                else:
                    self.now(number)
            case m.Wait(ms):
                await pass_time(ms / 1000)
                self.now(number)
            case m.Shutdown():
                self.shutdown(number)
            case m.Whereis(name):
                self.now(number, self.found(name))
            case m.Alive(target):
                self.now(number, recorder.address(target).alive)
            case m.Atomically(steps):
                await self.atomically(number, steps)
            case (
                m.StartChild()
                | m.RestartChild()
                | m.TerminateChild()
                | m.DeleteChild()
                | m.StartDynamic()
                | m.WhichChildren()
                | m.CountChildren()
            ):
                self.later(number, self.manage(step))
            case _:  # what a process does itself
                if (pid := recorder.pid_of(step.by)) is not None:
                    pid.send(Do(number, step))

    def cast(self, target: str, act: str) -> None:
        address = self.recorder.address(target)
        spec = (
            self.names.get(target[1:]) if target.startswith("@") else self.specs.get(target.partition("#")[0])
        )
        if isinstance(spec, m.Worker) and spec.plain:
            address.send(Act(act))
        elif act.startswith("call:"):
            _, other, inner = act.split(":", 2)
            address.cast(Worker.call_other(other, inner))
        else:
            address.cast(Worker.act(act))

    def shutdown(self, number: int) -> None:
        root = self.recorder.pid_of("root")
        if root is None or not root.alive:
            self.now(number, "noproc")
            return
        self.now(number)
        self.later(None, self.system.root.call(rg.Supervisor.terminate_child("root"), timeout=PATIENCE))

    async def atomically(self, number: int, steps: tuple[Any, ...]) -> None:
        recorder = self.recorder
        sups = [pid for pid, kind in recorder.kinds.items() if kind in ("sup", "dyn") and pid.alive]
        for pid in sups:
            self.system.suspend(pid)
        for inner in steps:
            await self.step(number, inner)
            await self.settle()
        for pid in reversed(sups):
            if pid.alive:
                self.system.resume(pid)

    async def manage(self, step: m.Step) -> Any:  # noqa: PLR0911 - one arm per kind
        """What is asked of a supervisor."""
        match step:
            case m.StartChild(sup, child):
                return await self.ask(sup, rg.Supervisor.start_child, self.spec(child))
            case m.StartDynamic(sup, child):
                dyn = self.specs[sup]
                assert isinstance(dyn, m.Dyn)
                spec = self.spec(
                    msgspec.structs.replace(child, restart=dyn.child_restart, shutdown=dyn.child_shutdown)
                )
                return await self.ask(sup, rg.DynamicSupervisor.start_child, spec)
            case m.TerminateChild(sup, id) if isinstance(self.specs.get(sup.partition("#")[0]), m.Dyn):
                return await self.ask(sup, rg.DynamicSupervisor.terminate_child, self.recorder.pid_of(id))
            case m.TerminateChild(sup, id):
                return await self.ask(sup, rg.Supervisor.terminate_child, id)
            case m.RestartChild(sup, id):
                return await self.ask(sup, rg.Supervisor.restart_child, id)
            case m.DeleteChild(sup, id):
                return await self.ask(sup, rg.Supervisor.delete_child, id)
            case m.WhichChildren(sup):
                return await self.children(sup)
            case m.CountChildren(sup):
                return await self.counts(sup)
        raise TypeError(step)

    async def ask(self, sup: str, make: Any, argument: Any) -> Any:
        found = await self.recorder.address(sup).call(make(argument), timeout=PATIENCE)
        if make in (
            rg.Supervisor.terminate_child,
            rg.Supervisor.delete_child,
            rg.DynamicSupervisor.terminate_child,
        ):
            return "ok"
        return "ok" if found is not None else "ignored"

    async def children(self, sup: str) -> list[list[str]]:
        dynamic = isinstance(self.specs.get(sup.partition("#")[0]), m.Dyn)
        base = rg.DynamicSupervisor if dynamic else rg.Supervisor
        rows = await self.recorder.address(sup).call(base.which_children(), timeout=PATIENCE)
        return sorted(["-" if dynamic else row.id, row.state, row.kind] for row in rows)

    async def counts(self, sup: str) -> list[Any]:
        dynamic = isinstance(self.specs.get(sup.partition("#")[0]), m.Dyn)
        base = rg.DynamicSupervisor if dynamic else rg.Supervisor
        n = await self.recorder.address(sup).call(base.count_children(), timeout=PATIENCE)
        return ["-" if dynamic else n.specs, n.active, n.supervisors, n.workers]

    def found(self, name: str) -> str:
        pid = self.system.whereis(name)
        return "none" if pid is None else self.recorder.who(pid)

    async def look(self) -> Final:
        recorder = self.recorder
        alive = [pid for pid, kind in recorder.kinds.items() if kind in ("sup", "dyn") and pid.alive]
        sups = sorted({recorder.labels[pid][0] for pid in alive})
        return Final(
            children=[(sup, await self.children(sup)) for sup in sups],
            counts=[(sup, await self.counts(sup)) for sup in sups],
            names=[(name, self.found(name)) for name in self.scenario.names()],
        )

    # -- specs -------------------------------------------------------------------------------------

    def spec(self, spec: m.Worker | m.Sup | m.Dyn, *, restart: str | None = None) -> rg.ChildSpec:
        """The child spec of a process of the scenario."""
        recorder = self.recorder
        common: Any = {
            "id": spec.id,
            "name": spec.name,
            "significant": spec.significant,
            "restart": restart or spec.restart,
        }
        if isinstance(spec, m.Sup):
            made = rg.supervisor(
                [self.spec(child) for child in spec.children],
                strategy=spec.strategy,
                max_restarts=spec.max_restarts,
                max_seconds=spec.max_seconds,
                auto_shutdown=spec.auto_shutdown,
                **common,
            )
            return msgspec.structs.replace(
                made, target=RecordedSupervisor, args=(recorder, spec.id, *made.args)
            )
        if isinstance(spec, m.Dyn):
            made = rg.dynamic_supervisor(
                max_restarts=spec.max_restarts, max_seconds=spec.max_seconds, **common
            )
            return msgspec.structs.replace(made, target=RecordedDynamic, args=(recorder, spec.id, *made.args))
        stop: float | Literal["brutal_kill"] = "brutal_kill"
        if spec.shutdown != "brutal_kill":
            stop = spec.shutdown / 1000
        return rg.child(self.target(spec), args=(recorder, spec), shutdown=stop, **common)

    def target(self, spec: m.Worker) -> Any:
        if spec.plain:
            return plain_worker
        if self.colour == "async":
            return AsyncWorker
        return HangingWorker if spec.terminate == "hang" else Worker


def error_text(error: errors.RegrowError) -> str:  # noqa: PLR0911 - a table
    """What a supervisor refused, in the oracle's words."""
    match error:
        case errors.ChildAlreadyPresent():
            return "already_present"
        case errors.ChildAlreadyStarted():
            return "already_started"
        case errors.ChildRunning():
            return "running"
        case errors.ChildRestarting():
            return "restarting"
        case errors.NoSuchChild():
            return "not_found"
        case errors.NameTaken():
            return "start:name_taken"
        case errors.InitFailed():
            return f"start:{reason_text(error.reason)}"
        case errors.ChildStartFailed():
            return "start:start_failed"
        case errors.BadChildSpec():
            return "bad_spec"
    return f"unknown:{error!r}"
