"""The processes of a scenario on the Regrow side: workers in two colours, supervisors, observers, the
recorder.

Only the public API is used. Every process links itself to the recorder, which traps exits, as its first act:
so the recorder hears of every end with its reason, also of those in ``init``.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

import regrow as rg
from regrow import errors
from regrow.testing import pass_time
from tests.conformance import model as m


class Boom(Exception):
    """What crashes raise."""


class Text(msgspec.Struct, frozen=True):
    """A plain message between processes."""

    sender: rg.Pid[object] | None
    text: str


class Do(msgspec.Struct, frozen=True):
    """Told to a process: do this step."""

    number: int
    step: Any


class Act(msgspec.Struct, frozen=True):
    """A cast to a plain process."""

    act: str


class _End(msgspec.Struct, frozen=True):
    """Marks the end of what is queued."""


class Leaving(BaseException):
    """An observer's function returns."""


def parse(text: str) -> object:
    """Reason text -> reason."""
    kind, _, detail = text.partition(":")
    if kind == "shutdown" and detail:
        return rg.Shutdown(detail)
    if kind == "other":
        return ("other", detail)
    return {"normal": rg.NORMAL, "shutdown": rg.SHUTDOWN}[text]


_PLAIN = {
    id(rg.NORMAL): "normal",
    id(rg.SHUTDOWN): "shutdown",
    id(rg.KILLED): "killed",
    id(rg.NOPROC): "noproc",
}


def reason_text(reason: object) -> str:  # noqa: PLR0911 - one line per class of the table
    """Reason -> the class of ``reasons.py``."""
    match reason:
        case rg.Shutdown(detail=("failed_to_start_child", _, _)):
            return "start_failed"
        case rg.Shutdown(detail=str(detail)):
            return f"shutdown:{detail}"
        case ("other", str(detail)):
            return f"other:{detail}"
        case rg.Crash() if issubclass(reason.exception_type, errors.ProcessExited | errors.NoProcess):
            return "call_failed"
        case rg.Crash() if issubclass(reason.exception_type, errors.NameTaken):
            return "name_taken"
        case rg.Crash() if issubclass(reason.exception_type, Boom):
            return "crash"
    return _PLAIN.get(id(reason), f"unknown:{reason!r}")


class Recorder:
    """Who is in which slot, what happened in which order."""

    def __init__(self) -> None:
        self.events: list[list[Any]] = []
        self.system: rg.System
        self.pid: rg.Pid[object]
        self.labels: dict[rg.Pid[object], tuple[str, int]] = {}
        self.pids: dict[tuple[str, int], rg.Pid[object]] = {}
        self.last: dict[str, int] = {}
        self.kinds: dict[rg.Pid[object], str] = {}
        self.busy: set[rg.Pid[object]] = set()
        self.exits: dict[rg.Pid[object], str] = {}

    def born(self, slot: str, kind: str) -> int:
        """The current process says who it is; its incarnation."""
        pid = rg.current()
        number = self.last[slot] = self.last.get(slot, 0) + 1
        self.labels[pid], self.pids[slot, number], self.kinds[pid] = (slot, number), pid, kind
        rg.link(self.pid)
        self.event("init", slot, number)
        return number

    def event(self, *event: Any) -> None:
        self.events.append(list(event))

    def who(self, pid: rg.Pid[object] | str | None) -> str:
        """``a#2``, ``@name``, or ``driver`` for everybody else."""
        if isinstance(pid, str):
            return f"@{pid}"
        found = self.labels.get(pid) if pid is not None else None
        return f"{found[0]}#{found[1]}" if found else "driver"

    def pid_of(self, target: str) -> rg.Pid[object] | None:
        """The process of a target that is no name; None for one that was never started."""
        slot, _, number = target.partition("#")
        return self.pids.get((slot, int(number) if number else self.last.get(slot, 0)))

    def address(self, target: str) -> Any:
        """Something that can be sent to; a name that nobody has for a process that was never started."""
        if target.startswith("@"):
            return self.system.ref(target[1:], Worker)
        return self.pid_of(target) or self.system.ref("none", Worker)

    async def run(self) -> None:
        """The recorder's process."""
        rg.trap_exit(True)
        while True:
            message = await rg.receive(rg.Exit)
            slot, number = self.labels[message.pid]
            self.exits[message.pid] = reason_text(message.reason)
            self.event("exit", slot, number, reason_text(message.reason))

    def describe(self, message: object) -> tuple[str, str]:
        """A message as (sender, text)."""
        match message:
            case Text(sender, text):
                return self.who(sender), text
            case rg.Down():
                target = message.target
                return self.who(target), f"DOWN {message.monitor.tag} {reason_text(message.reason)}"
            case rg.Exit(pid, reason):
                return self.who(pid), f"EXIT {reason_text(reason)}"
        return "driver", f"odd {message!r}"


class Process:
    """What any process can be told to do, and what it must remember for that."""

    def __init__(self, recorder: Recorder, slot: str, number: int) -> None:
        self.recorder = recorder
        self.slot = slot
        self.number = number
        self.monitors: dict[str, rg.Monitor] = {}
        self.timers: dict[str, rg.Timer] = {}

    def note(self, kind: str, *rest: Any) -> None:
        self.recorder.event(kind, self.slot, self.number, *rest)

    def heard(self, message: object) -> None:
        self.note("message", *self.recorder.describe(message))

    def do(self, order: Do) -> None:
        self.recorder.event("result", order.number, self.perform(order.step))

    def perform(self, step: m.Step) -> Any:  # noqa: C901, PLR0912 - one arm per kind of step
        """Does the step; its result."""
        recorder = self.recorder
        match step:
            case m.Monitor(_, target, tag):
                self.monitors[tag] = rg.monitor(recorder.address(target), tag=tag)
            case m.Demonitor(_, tag):
                monitor = self.monitors.pop(tag, None)
                if monitor is None:
                    return "none"
                rg.demonitor(monitor)
            case m.Link(_, target):
                if (pid := recorder.pid_of(target)) is not None:
                    rg.link(pid)
            case m.Unlink(_, target):
                if (pid := recorder.pid_of(target)) is not None:
                    rg.unlink(pid)
            case m.TrapExit(_, on):
                return rg.trap_exit(on)
            case m.Tell(_, target, text):
                recorder.address(target).send(Text(rg.current(), text))
            case m.ExitSignal(_, target, reason):
                send_exit(recorder.address(target), reason)
            case m.SendAfter(_, target, text, delay, tag):
                self.timers[tag] = rg.send_after(
                    recorder.address(target), Text(rg.current(), text), delay / 1000
                )
            case m.CancelTimer(_, tag):
                return self.timers[tag].cancel()
            case m.Register(_, name):
                try:
                    recorder.system.registry.register(name, rg.current())
                except errors.NameTaken:
                    return "name_taken"
            case m.Unregister(_, name):
                try:
                    recorder.system.registry.unregister(name)
                except errors.NotRegistered:
                    return "noname"
            case m.Leave(_, "normal"):
                raise Leaving
            case m.Leave(_, "crash"):
                raise Boom
            case m.Leave(_, reason):
                rg.exit_process(parse(reason))
            case _:
                raise TypeError(step)
        return "ok"


def send_exit(address: Any, reason: str) -> None:
    """An exit signal; ``kill`` is the one that can't be trapped."""
    if reason == "kill":
        address.kill()
    else:
        address.exit(parse(reason))


class Worker(rg.GenServer):
    """A worker whose handlers are all ``def``."""

    def init(self, recorder: Recorder, spec: m.Worker) -> Any:
        rg.trap_exit(spec.trap_exit)
        self.spec = spec
        self.me = Process(recorder, spec.id, recorder.born(spec.id, "worker"))
        self.waiting: list[rg.ReplyHandle] = []
        number = self.me.number
        plan = spec.init[number - 1] if number <= len(spec.init) else "ok"
        match plan.partition(":"):
            case ("crash", _, _):
                raise Boom
            case ("ignore", _, _):
                return rg.Ignore
            case ("continue", _, _):
                return rg.Continue("ok")
            case ("continue_crash", _, _):
                return rg.Continue("crash")
            case ("stop", _, reason):
                self.stop(parse(reason))
        return None

    def handle_continue(self, value: object) -> None:
        self.me.note("continue", value)
        if value == "crash":
            raise Boom

    @rg.call
    def ask(self, act: str) -> str:
        return self.answer(act)

    def answer(self, act: str) -> str:
        kind, _, reason = act.partition(":")
        match kind:
            case "ping":
                self.me.note("message", "driver", "ping")
                return "pong"
            case "crash":
                raise Boom
            case "defer":
                self.waiting.append(rg.reply_later())
            case "kill_self":
                self.pid.kill()
            case "stop":
                self.stop(parse(reason))
                return "stopping"
            case "stop_noreply":
                self.stop(parse(reason), reply=False)
            case _:
                raise TypeError(act)
        return "ignored"

    @rg.cast
    def act(self, act: str) -> None:
        self.obey(act)

    def obey(self, act: str) -> None:
        kind, _, reason = act.partition(":")
        match kind:
            case "ping":
                self.me.note("message", "driver", "ping")
            case "crash":
                raise Boom
            case "reply":
                for handle in self.waiting:
                    handle.reply("late")
                self.waiting.clear()
            case "stop":
                self.stop(parse(reason))
            case _:
                raise TypeError(act)

    @rg.cast
    async def call_other(self, target: str, act: str) -> None:
        reply = await self.me.recorder.address(target).call(Worker.ask(act), timeout=3600.0)
        self.me.note("called", reply)

    def handle_info(self, message: object) -> None:
        if isinstance(message, Do):
            self.me.do(message)
        else:
            self.me.heard(message)

    def terminate(self, reason: object) -> None:
        self.me.note("terminate", reason_text(reason))
        if self.spec.terminate == "crash":
            raise Boom


class HangingWorker(Worker):
    """Its ``terminate`` hangs for ever when the reason is SHUTDOWN."""

    async def terminate(self, reason: object) -> None:  # type: ignore[override]
        self.me.note("terminate", reason_text(reason))
        if reason is rg.SHUTDOWN:
            self.me.recorder.busy.add(self.pid)
            await asyncio.Event().wait()


class AsyncWorker(Worker):
    """The same worker with everything ``async def``."""

    async def init(self, recorder: Recorder, spec: m.Worker) -> Any:
        await pass_time(0)
        return Worker.init(self, recorder, spec)

    async def handle_continue(self, value: object) -> None:  # type: ignore[override]
        await pass_time(0)
        Worker.handle_continue(self, value)

    async def ask(self, act: str) -> str:  # type: ignore[override]
        await pass_time(0)
        reply = self.answer(act)
        if act == "kill_self":
            await asyncio.Event().wait()
        return reply

    async def act(self, act: str) -> None:  # type: ignore[override]
        await pass_time(0)
        self.obey(act)

    async def handle_info(self, message: object) -> None:  # type: ignore[override]
        await pass_time(0)
        Worker.handle_info(self, message)

    async def terminate(self, reason: object) -> None:  # type: ignore[override]
        Worker.terminate(self, reason)
        if self.spec.terminate == "hang" and reason is rg.SHUTDOWN:
            self.me.recorder.busy.add(self.pid)
            await asyncio.Event().wait()
        await pass_time(0)


class RecordedSupervisor(rg.Supervisor):
    """A supervisor that says when its ``init`` runs."""

    def init(self, recorder: Recorder, slot: str, spec: rg.SupervisorSpec) -> rg.SupervisorSpec:  # type: ignore[override]
        recorder.born(slot, "sup")
        return spec


class RecordedDynamic(rg.DynamicSupervisor):
    """A dynamic supervisor that says when its ``init`` runs."""

    def init(self, recorder: Recorder, slot: str, *args: Any) -> Any:  # type: ignore[override]
        recorder.born(slot, "dyn")
        return super().init(*args)


async def plain_worker(recorder: Recorder, spec: m.Worker) -> None:
    """A plain process as a child."""
    rg.trap_exit(spec.trap_exit)
    me = Process(recorder, spec.id, recorder.born(spec.id, "worker"))
    while True:
        message = await rg.receive()
        match message:
            case Do():
                me.do(message)
            case Act("ping"):
                me.note("message", "driver", "ping")
            case Act("crash"):
                raise Boom
            case Act(act):
                rg.exit_process(parse(act.partition(":")[2]))
            case rg.Exit(pid, reason) if recorder.kinds.get(pid) in ("sup", "dyn"):
                me.note("message", "parent", f"EXIT {reason_text(reason)}")
                if spec.terminate == "hang":
                    recorder.busy.add(rg.current())
                    await asyncio.Event().wait()
                rg.exit_process(reason)
            case _:
                me.heard(message)


async def observer(recorder: Recorder, spec: m.Spawn) -> None:
    """A plain process outside the tree."""
    rg.trap_exit(spec.trap_exit)
    me = Process(recorder, spec.id, recorder.born(spec.id, "observer"))
    wanted = Do if spec.mode == "manual" else None
    try:
        while True:
            message = await rg.receive(wanted)
            if not isinstance(message, Do):
                me.heard(message)
            elif isinstance(message.step, m.Take):
                await _take(me, message.step.match)
            else:
                me.do(message)
    except Leaving:
        return


async def _take(me: Process, match: str) -> None:
    if match == "*":
        end = _End()
        rg.current().send(end)
        while (message := await rg.receive(lambda x: not isinstance(x, Do))) is not end:
            me.heard(message)
    elif match in ("DOWN", "EXIT"):
        me.heard(await rg.receive(rg.Down if match == "DOWN" else rg.Exit))
    else:
        me.heard(await rg.receive(lambda x: isinstance(x, Text) and x.text == match))
