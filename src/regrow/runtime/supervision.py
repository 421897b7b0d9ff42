"""What all supervisors have in common: stopping children, the restart budget, reports."""

from __future__ import annotations

import asyncio
from sys import exception as exception_in_flight
from typing import ClassVar, Final

import msgspec
from typing_extensions import override

from regrow.core.budget import RestartBudget
from regrow.core.events import BudgetExceeded, Restarted, RestartFailed
from regrow.core.messages import CallMessage
from regrow.core.reasons import KILLED, NOPROC, SHUTDOWN, ExitReason, is_normal, reason_of
from regrow.core.specs import ChildSpec, SupervisorFlags
from regrow.errors import RegrowError
from regrow.runtime.after import Stop
from regrow.runtime.engine import Engine
from regrow.runtime.genserver import GenServer
from regrow.runtime.items import TryAgain
from regrow.runtime.pid import Pid
from regrow.runtime.process import DEAD, STOPPING, Process

BRUTAL: Final = "brutal_kill"


class ChildInfo(msgspec.Struct, frozen=True):
    """One row of `which_children`.

    Attributes:
        id: The child's id.
        pid: Its process, None if it is not running.
        kind: `"worker"` or `"supervisor"`.
        state: `"running"`, `"restarting"` or `"stopped"`.
        spec: How it is started.
    """

    id: str
    pid: Pid[object] | None
    kind: str
    state: str
    spec: ChildSpec


class ChildCount(msgspec.Struct, frozen=True):
    """The answer of `count_children`, as in OTP.

    Attributes:
        specs: Children known, running or not.
        active: Children that run.
        supervisors: How many are supervisors, running or not.
        workers: How many are not.
    """

    specs: int
    active: int
    supervisors: int
    workers: int


class Branch(msgspec.Struct, frozen=True, eq=False):
    """One child as `system.tree()` shows it, running or not."""

    spec: ChildSpec
    process: Process | None
    state: str
    restarts: int = 0


class SupervisorBase(GenServer):
    """Base of the supervisors: a GenServer that traps exits and is tied to each child."""

    __slots__ = ("_budget", "_flags")
    __child_kind__: ClassVar[str] = "supervisor"
    __regrow_eager__: ClassVar[bool] = True
    trap_exit: ClassVar[bool] = True

    _flags: SupervisorFlags
    _budget: RestartBudget

    def _set_flags(self, flags: SupervisorFlags) -> None:
        self._flags = flags
        self._budget = RestartBudget(flags.max_restarts, flags.max_seconds)

    @property
    def _engine(self) -> Engine:
        return self._process.engine

    @property
    def up(self) -> bool:
        """Whether it has begun to start its children, for the runtime."""
        return hasattr(self, "_flags")

    def branches(self, limit: int) -> tuple[list[Branch], int]:
        """Its first `limit` children, running or not, and how many there are; for the runtime."""
        raise NotImplementedError

    @property
    def flags(self) -> SupervisorFlags:
        """What it does when a child ends, for the runtime."""
        return self._flags

    @property
    def budget(self) -> RestartBudget:
        """How often it may still restart something, for the runtime."""
        return self._budget

    def policy(self) -> str:
        """Its strategy and what is left of its restart budget, for people."""
        left = self._budget.left(self._engine.loop.time())
        return f"{self._flags.strategy}, {left} of {self._flags.max_restarts} restarts left"

    @override
    def format_state(self) -> object:
        """Its policy and the first of its children, for crash reports."""
        if not self.up:
            return {}
        children, count = self.branches(10)
        return {
            "policy": self.policy(),
            "children": count,
            "first": {one.spec.id: one.state for one in children},
        }

    def shutdown_seconds(self) -> float:
        """How long it may take to stop its children, in seconds: what its own `shutdown` defaults to."""
        raise NotImplementedError

    # -- stopping ------------------------------------------------------------------------------

    async def _stop_child(self, child: Process, spec: ChildSpec) -> ExitReason:
        """Stop one child as its spec says and wait until it has ended."""
        down = self._begin_stop(child, spec)
        return await self._end_stop(child, spec, down)

    def _begin_stop(self, child: Process, spec: ChildSpec) -> asyncio.Future[ExitReason]:
        exits = self._engine.exits
        down = exits.when_down(child)
        if spec.shutdown == BRUTAL:
            exits.put_down(child)
        else:
            exits.shut_down(child, SHUTDOWN)
        handed_off = isinstance(self._process.current, CallMessage)
        if (
            child.status == STOPPING
            and child.task is None
            and not handed_off
            and exception_in_flight() is None
        ):
            exits.conclude(child)  # it runs no code: no need to wait for a turn
        return down

    async def _end_stop(
        self, child: Process, spec: ChildSpec, down: asyncio.Future[ExitReason]
    ) -> ExitReason:
        reason = await self._ended_by(child, spec, down)
        expected = KILLED if spec.shutdown == BRUTAL else SHUTDOWN
        if (
            reason is not expected
            and reason is not NOPROC
            and not (is_normal(reason) and spec.restart != "permanent")
        ):
            self._engine.reporter.supervisor(self._process, "shutdown_error", spec.id, reason)
        return reason

    async def _ended_by(
        self, child: Process, spec: ChildSpec, down: asyncio.Future[ExitReason]
    ) -> ExitReason:
        if child.status == DEAD:
            return down.result()
        if spec.shutdown == BRUTAL:
            return await down
        engine = self._engine
        timer = engine.timers.internal(shutdown_of(child, spec), lambda: engine.exits.put_down(child))
        try:
            return await down
        finally:
            timer.cancel()

    # -- restarts ------------------------------------------------------------------------------

    def _report_end(self, spec: ChildSpec, reason: ExitReason) -> None:
        """Report a child that ended by itself, unless it may and did so in order."""
        if spec.restart == "permanent" or not is_normal(reason):
            self._engine.reporter.supervisor(self._process, "child_terminated", spec.id, reason)

    def _may_restart(self, child_id: object, reason: ExitReason) -> bool:
        """Count an attempt; False, and the end of this supervisor, if that is one too many."""
        engine = self._engine
        now = engine.loop.time()
        if self._budget.attempt(now):
            return True
        engine.reporter.supervisor(self._process, "shutdown", child_id, "reached_max_restart_intensity")
        if BudgetExceeded in engine.hub.wanted:
            engine.hub.emit(
                BudgetExceeded(
                    at=now,
                    supervisor=self._process,
                    child_id=child_id,
                    reason=reason,
                    max_restarts=self._flags.max_restarts,
                    max_seconds=self._flags.max_seconds,
                )
            )
        self._give_up()
        return False

    def _give_up(self) -> None:
        if self._process.after is None:
            self._process.after = Stop(SHUTDOWN)

    def _backoff(self) -> float:
        """Seconds to wait before the next restart; 0 without a back-off."""
        backoff = self._flags.backoff
        if backoff is None:
            return 0.0
        engine = self._engine
        attempt = self._budget.used(engine.loop.time())
        return backoff.delay(attempt, engine.ports.random("backoff"))

    def _try_again(self, child: object, delay: float) -> TryAgain:
        """Come back to a child through the run queue, so that others get their turn in between."""
        engine = self._engine
        process = self._process
        message = TryAgain(child)

        def again() -> None:
            if process.status != DEAD:
                engine.scheduler.signal(process, message)

        if delay > 0.0:
            engine.timers.internal(delay, again)
        else:
            again()
        return message

    def _restarted(self, child_id: object, old: Process | None, new: Process, reason: ExitReason) -> None:
        engine = self._engine
        engine.counters.restarts += 1
        if Restarted in engine.hub.wanted:
            now = engine.loop.time()
            engine.hub.emit(
                Restarted(
                    at=now,
                    supervisor=self._process,
                    child_id=child_id,
                    old=old,
                    new=new,
                    reason=reason,
                    attempts=self._budget.used(now),
                )
            )

    def _restart_failed(self, child_id: object, error: RegrowError) -> None:
        engine = self._engine
        reason = reason_of(error)
        engine.reporter.supervisor(self._process, "start_error", child_id, reason)
        if RestartFailed in engine.hub.wanted:
            engine.hub.emit(
                RestartFailed(
                    at=engine.loop.time(), supervisor=self._process, child_id=child_id, reason=reason
                )
            )


def is_restarted(spec: ChildSpec, reason: ExitReason) -> bool:
    """Whether a child that ended by itself with `reason` is started again."""
    return spec.restart == "permanent" or (spec.restart == "transient" and not is_normal(reason))


def shutdown_of(child: Process, spec: ChildSpec) -> float:
    """Seconds that a child has to end."""
    if isinstance(spec.shutdown, float | int):
        return float(spec.shutdown)
    settings = child.engine.settings
    if isinstance(child.instance, SupervisorBase):
        return child.instance.shutdown_seconds() + settings.kill_grace
    return settings.shutdown
