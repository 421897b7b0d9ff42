"""Running an application on virtual time, in strict mode, with somebody who takes notes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from regrow.comply.application import make
from regrow.comply.held import interrupted
from regrow.comply.options import Options
from regrow.comply.tree import engine_of
from regrow.core.event import Event
from regrow.core.events import (
    BudgetExceeded,
    CrashReported,
    Exited,
    Orphaned,
    Restarted,
    RestartFailed,
    Zombie,
)
from regrow.core.hub import name_of
from regrow.core.reasons import KILLED, Crash, ExitReason, format_reason
from regrow.core.reports import CrashReport
from regrow.errors.timeouts import BadTimeout
from regrow.runtime.engine import Engine
from regrow.runtime.process import Process
from regrow.runtime.stacks import caller, site
from regrow.runtime.supervision import BRUTAL
from regrow.runtime.system import System
from regrow.testing.virtual.options import LoopSettings
from regrow.testing.virtual.run import run_virtual
from regrow.testing.waiting.processes import wait_tree_ready

if TYPE_CHECKING:
    from typing import Never

T = TypeVar("T")

LIMIT: Final = 20.0
"""Real seconds that one run may take."""
READY: Final = 60.0
"""Seconds of virtual time in which a tree has to be up."""


@dataclass(slots=True)
class Stage:
    """A run of an application, and what was seen of it.

    Attributes:
        system: The System.
        engine: Its engine.
        crashes: What crashed, restarted in vain, gave up, or ran on after its end, as texts.
        exits: Process -> the reason that it ended with.
        stopped_badly: What didn't end in order when the System stopped.
        unhandled: Exceptions of callbacks and tasks that nobody handled.
        unbounded: Calls without a finite timeout, as texts.
        calls: How many calls there were.
        left: What the System still held after its end.
        stopping: Whether the System is about to stop, or has.
    """

    system: System
    engine: Engine | None = None
    crashes: list[str] = field(default_factory=list[str])
    exits: dict[Process, str] = field(default_factory=dict[Process, str])
    stopped_badly: list[str] = field(default_factory=list[str])
    unhandled: list[str] = field(default_factory=list[str])
    unbounded: list[str] = field(default_factory=list[str])
    calls: int = 0
    left: list[str] = field(default_factory=list[str])
    stopping: bool = False

    def see(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case CrashReported(report=report):
                self._crashed(report)
            case RestartFailed():
                self.crashes.append(f"{event.child_id!r} didn't start again: {format_reason(event.reason)}")
            case BudgetExceeded():
                self.crashes.append(f"{event.supervisor} gave up, because of {event.child_id!r}")
            case Zombie():
                self.crashes.append(f"{event.pid} was killed and still runs")
            case Orphaned():
                self.crashes.append(f"{event.pid} left tasks behind: {', '.join(event.tasks)}")
            case Restarted() if not isinstance(event.reason, Crash):
                self.crashes.append(f"{event.child_id!r} was restarted: {format_reason(event.reason)}")
            case Exited(pid=Process() as process):
                self._ended(process, event.reason)
            case _:
                pass

    def _crashed(self, report: CrashReport) -> None:
        reason = format_reason(report.reason)
        told = f"{report.pid} crashed: {reason}"
        self.crashes.append(told)
        if isinstance(report.reason, Crash) and "BadTimeout" in reason:
            self.unbounded.append(told)

    def _ended(self, process: Process, reason: ExitReason) -> None:
        self.exits[process] = format_reason(reason)
        spec = process.child
        brutal = spec is None or spec.shutdown == BRUTAL
        if self.stopping and (isinstance(reason, Crash) or (reason is KILLED and not brutal)):
            how = "didn't end in its time and was killed" if reason is KILLED else "crashed as it ended"
            self.stopped_badly.append(f"{process} {how}: {format_reason(reason)}")

    def unhandled_in_loop(self, context: dict[str, object]) -> None:
        """Take note of what asyncio reports."""
        error = context.get("exception")
        self.unhandled.append(
            f"{context.get('message')}: {error!r}" if error else str(context.get("message"))
        )


def run(options: Options, body: Callable[[Stage], Coroutine[object, Never, T]]) -> tuple[Stage, T]:
    """Run an application and `body` beside it, once its tree is up.

    Raises:
        BadApplication: There is no application.
        LoopHeld: Something held the loop for twice the real seconds that a run may take.
        Exception: What the application's start, its run, `body` or its stop raised.
    """
    app = options.app
    assert app is not None

    async def main() -> tuple[Stage, T]:
        system = make(app)
        system.strict = True
        stage = Stage(system)
        asyncio.get_running_loop().set_exception_handler(lambda _, context: stage.unhandled_in_loop(context))
        before = set(system.events.subscriptions())
        with system.events.subscribe("", stage.see) as mine, _noted_calls(stage):
            async with system:
                stage.engine = engine_of(system)
                await wait_tree_ready(system, timeout=READY)
                result = await body(stage)
                stage.stopping = True
            stage.left = _left(stage.engine)
            others = [one for one in system.events.subscriptions() if one not in before and one is not mine]
        stage.left += [f"subscriber {name_of(one.callback)} of the System's events" for one in others]
        return stage, result

    loop: LoopSettings = {"limit": LIMIT, **options.loop}
    with interrupted(2 * (loop["limit"] or LIMIT)):
        return run_virtual(main(), **loop)


def _left(engine: Engine) -> list[str]:
    """What a stopped System still has in its tables."""
    left = [f"process {process}" for process in engine.processes()]
    left += [f"name {name!r}" for name in engine.names]
    left += [f"monitor {row.tag!r} of {row.owner}" for row in engine.monitors.list()]
    left += [f"timer of {timer.owner}" for timer in engine.timers.list()]
    return left


@contextmanager
def _noted_calls(stage: Stage) -> Generator[None]:
    """Note every call that anybody makes, with its timeout as it was given."""
    original = Process.call

    def call(self: Process, message: object, *, timeout: object = None) -> object:
        stage.calls += 1
        try:
            stage.system.timeouts.resolve(timeout)  # type: ignore[arg-type]  # that is what is looked at
        except BadTimeout as error:
            stage.unbounded.append(f"{site(caller(1))}: {error}")
        return original(self, message, timeout=timeout)  # type: ignore[arg-type]

    type.__setattr__(Process, "call", call)
    try:
        yield
    finally:
        type.__setattr__(Process, "call", original)
