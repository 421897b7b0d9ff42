"""Supervisor: static children, started in order, stopped in reverse, restarted by strategy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias, final

from typing_extensions import override

from regrow.core.backoff import Backoff
from regrow.core.decorators import call
from regrow.core.options import AutoShutdown, Restart, ShutdownOption, Strategy
from regrow.core.reasons import ExitReason, reason_of
from regrow.core.specs import (
    ChildSpec,
    SupervisorSpec,
    check_child_spec,
    check_significance,
    check_supervisor,
    child,
)
from regrow.errors import (
    ChildAlreadyPresent,
    ChildAlreadyStarted,
    ChildRestarting,
    ChildRunning,
    ChildStartFailed,
    NoSuchChild,
    RegrowError,
)
from regrow.runtime.genserver import InitResult
from regrow.runtime.items import Exit, TryAgain
from regrow.runtime.pid import Pid
from regrow.runtime.process import Process
from regrow.runtime.start import start_child
from regrow.runtime.supervision import (
    Branch,
    ChildCount,
    ChildInfo,
    SupervisorBase,
    is_restarted,
    shutdown_of,
)

State: TypeAlias = Literal["running", "restarting", "stopped"]
FAILURES: Final = RegrowError
"""What a start raises; anything else is a bug of ours and ends the supervisor."""


@final
class Slot:
    """One static child: its spec, and the process that fills it now."""

    __slots__ = ("process", "reason", "restarts", "retry", "spec", "state")

    def __init__(self, spec: ChildSpec, process: Process | None) -> None:
        self.spec: ChildSpec = spec
        self.process = process
        self.state: State = "running" if process is not None else "stopped"
        self.reason: ExitReason = None
        self.restarts: int = 0
        self.retry: TryAgain | None = None

    def fill(self, process: Process | None) -> None:
        """The child was started; None if its `init` ignored, or it was stopped."""
        self.process = process
        self.retry = None
        self.state = "running" if process is not None else "stopped"


class Supervisor(SupervisorBase):
    """Starts its children in order, restarts them by its strategy, stops them in reverse order.

    Describe one with `rg.supervisor(...)`. A subclass may override `init` to return a
    `rg.SupervisorSpec` from arguments of its own. If its restart budget is exceeded it stops its
    children and ends with `SHUTDOWN`, which is for the supervisor above to deal with.
    """

    __slots__ = ("_slots",)
    __regrow_eager__ = True

    _slots: list[Slot]

    def init(self, spec: SupervisorSpec) -> SupervisorSpec:  # type: ignore[override]
        """Return the children and flags to supervise."""
        return spec

    async def begin(self, spec: object) -> InitResult:
        """Start the children in order; the first that fails undoes what had started. For the runtime."""
        if not isinstance(spec, SupervisorSpec):
            return spec  # type: ignore[return-value]  # Ignore, or nonsense that the start reports
        check_supervisor(spec)  # a subclass's own `init` may have put it together by hand
        self._set_flags(spec.flags)
        self._slots = []
        for one in spec.children:
            try:
                process = await start_child(self._engine, one, self._process)
            except FAILURES as error:
                self._engine.reporter.supervisor(self._process, "start_error", one.id, reason_of(error))
                await self._stop_all()
                raise ChildStartFailed(one.id, reason_of(error)) from error
            except BaseException:
                await self._stop_all()
                raise
            if process is not None or one.restart != "temporary":
                self._slots.append(Slot(one, process))
        return None

    @override
    def shutdown_seconds(self) -> float:
        return sum(shutdown_of(slot.process, slot.spec) for slot in self._slots if slot.process is not None)

    def branches(self, limit: int) -> tuple[list[Branch], int]:
        """Its children in the order of their start, for the runtime."""
        shown = [Branch(slot.spec, slot.process, slot.state, slot.restarts) for slot in self._slots[:limit]]
        return shown, len(self._slots)

    # -- calls ---------------------------------------------------------------------------------

    @call
    async def which_children(self) -> tuple[ChildInfo, ...]:
        """All children, in the order of their start."""
        return tuple(
            ChildInfo(slot.spec.id, slot.process, slot.spec.kind, slot.state, slot.spec)
            for slot in self._slots
        )

    @call
    async def count_children(self) -> ChildCount:
        """How many children there are."""
        supervisors = sum(slot.spec.kind == "supervisor" for slot in self._slots)
        active = sum(slot.process is not None and slot.process.alive for slot in self._slots)
        return ChildCount(len(self._slots), active, supervisors, len(self._slots) - supervisors)

    @call(raises=(RegrowError,))
    async def start_child(self, spec: ChildSpec) -> Pid[object] | None:
        """Start one more child, after all others.

        Returns:
            Its Pid, None if its `init` ignored.

        Raises:
            ChildAlreadyStarted, ChildAlreadyPresent: There is one of that id.
            BadChildSpec: The spec is wrong.
            StartError, NameTaken, BadServer, BadQuery: It did not start; the spec is not kept.
        """
        check_child_spec(spec)
        check_significance(spec, self._flags.auto_shutdown)
        present = next((slot for slot in self._slots if slot.spec.id == spec.id), None)
        if present is not None:
            if present.process is not None:
                raise ChildAlreadyStarted(spec.id, present.process)
            raise ChildAlreadyPresent(spec.id)
        process = await start_child(self._engine, spec, self._process)
        if process is not None or spec.restart != "temporary":
            self._slots.append(Slot(spec, process))
        return process

    @call(raises=(RegrowError,))
    async def restart_child(self, child_id: str) -> Pid[object] | None:
        """Start a child again that was terminated, or ended and was not restarted.

        Raises:
            NoSuchChild, ChildRunning, ChildRestarting: It is not a stopped child.
            StartError, NameTaken, BadServer, BadQuery: It did not start; the spec is kept.
        """
        slot = self._stopped_slot(child_id)
        slot.fill(await start_child(self._engine, slot.spec, self._process))
        return slot.process

    @call(raises=(NoSuchChild,))
    async def terminate_child(self, child_id: str) -> None:
        """Stop a child. Its spec stays, unless it is temporary. Raises `NoSuchChild`."""
        slot = self._slot(child_id)
        await self._stop_slot(slot)
        if slot.spec.restart == "temporary":
            self._slots.remove(slot)

    @call(raises=(NoSuchChild, ChildRunning, ChildRestarting))
    async def delete_child(self, child_id: str) -> None:
        """Forget a stopped child. Raises `NoSuchChild`, `ChildRunning`, `ChildRestarting`."""
        self._slots.remove(self._stopped_slot(child_id))

    # -- what happens to children --------------------------------------------------------------

    @override
    async def handle_info(self, message: object) -> None:
        if isinstance(message, Exit):
            slot = next((slot for slot in self._slots if slot.process is message.pid), None)
            if slot is not None and not message.pid.alive:  # anybody may send an EXIT
                await self._ended(slot, message.reason)
        elif isinstance(message, TryAgain):
            slot = next((slot for slot in self._slots if slot.retry is message), None)
            if slot is not None:
                await self._restart(slot, backed_off=True)

    @override
    async def terminate(self, reason: ExitReason) -> None:
        await self._stop_all()

    async def _ended(self, slot: Slot, reason: ExitReason) -> None:
        self._report_end(slot.spec, reason)
        if is_restarted(slot.spec, reason):
            slot.reason = reason
            await self._restart(slot)
            return
        slot.fill(None)
        if slot.spec.restart == "temporary":
            self._slots.remove(slot)
        self._auto_shutdown(slot)

    def _auto_shutdown(self, slot: Slot) -> None:
        policy = self._flags.auto_shutdown
        if policy == "never" or not slot.spec.significant:
            return
        others = any(one.spec.significant and one.state != "stopped" for one in self._slots)
        if policy == "any_significant" or not others:
            self._give_up()

    async def _restart(self, slot: Slot, *, backed_off: bool = False) -> None:
        old = slot.process
        if not backed_off or self._flags.backoff is None:
            if not self._may_restart(slot.spec.id, slot.reason):
                self._slots.remove(slot)
                return
            delay = self._backoff()
            if delay > 0.0:
                self._come_back(slot, delay)
                return
        slot.fill(None)
        group = self._group(slot)
        for other in reversed(group):
            if other is not slot:
                await self._stop_slot(other)
                if other.spec.restart == "temporary":
                    group.remove(other)
                    self._slots.remove(other)
        for one in group:
            if not await self._start_again(one, old if one is slot else None, slot.reason):
                return

    async def _start_again(self, slot: Slot, old: Process | None, reason: ExitReason) -> bool:
        """Start one child of a restarted group; on failure come back to it later and leave the rest."""
        try:
            slot.fill(await start_child(self._engine, slot.spec, self._process))
        except FAILURES as error:
            slot.reason = reason_of(error)
            self._restart_failed(slot.spec.id, error)
            if self._flags.backoff is None:
                self._come_back(slot, 0.0)
            elif self._may_restart(slot.spec.id, slot.reason):
                self._come_back(slot, self._backoff())
            else:
                self._slots.remove(slot)
            return False
        if slot.process is not None:
            slot.restarts += 1
            self._restarted(slot.spec.id, old, slot.process, reason)
        return True

    def _come_back(self, slot: Slot, delay: float) -> None:
        """Restart `slot` later. What was planned for it before is void."""
        slot.state, slot.process = "restarting", None
        slot.retry = self._try_again(slot, delay)

    def _group(self, slot: Slot) -> list[Slot]:
        """Who is restarted with `slot`, in the order of start."""
        strategy = self._flags.strategy
        if strategy == "one_for_one":
            return [slot]
        if strategy == "rest_for_one":
            return self._slots[self._slots.index(slot) :]
        return list(self._slots)

    async def _stop_all(self) -> None:
        for slot in reversed(self._slots):
            await self._stop_slot(slot)

    async def _stop_slot(self, slot: Slot) -> None:
        process = slot.process
        slot.fill(None)
        if process is not None:
            await self._stop_child(process, slot.spec)

    def _slot(self, child_id: str) -> Slot:
        for slot in self._slots:
            if slot.spec.id == child_id:
                return slot
        raise NoSuchChild(child_id)

    def _stopped_slot(self, child_id: str) -> Slot:
        slot = self._slot(child_id)
        if slot.state == "running":
            raise ChildRunning(child_id)
        if slot.state == "restarting":
            raise ChildRestarting(child_id)
        return slot


def supervisor(
    children: Iterable[ChildSpec],
    *,
    id: str | None = None,  # the field's own word
    name: str | None = None,
    strategy: Strategy = "one_for_one",
    max_restarts: int = 3,
    max_seconds: float = 5.0,
    auto_shutdown: AutoShutdown = "never",
    backoff: Backoff | None = None,
    restart: Restart = "permanent",
    shutdown: ShutdownOption = None,
    significant: bool = False,
) -> ChildSpec:
    """Describe a supervisor as a child of another.

    Args:
        children: Their specs, in the order of start.
        id: Its id among its siblings; default `name`, or else `"Supervisor"`.
        name: The name to register it under; default none.
        strategy: `"one_for_one"` (default), `"one_for_all"` or `"rest_for_one"`.
        max_restarts: Restart attempts allowed within `max_seconds`, default 3.
        max_seconds: Seconds, default 5.0.
        auto_shutdown: `"never"` (default), `"any_significant"` or `"all_significant"`.
        backoff: Wait before restarts, default none.
        restart: What the supervisor above does when this one ends, default `"permanent"`.
        shutdown: Seconds it has to stop; default the sum of its children's.
        significant: Whether its own end counts for the `auto_shutdown` above.

    Raises:
        BadChildSpec: One subclass for each option that can't be used.
    """
    spec = SupervisorSpec.of(
        children,
        strategy=strategy,
        max_restarts=max_restarts,
        max_seconds=max_seconds,
        auto_shutdown=auto_shutdown,
        backoff=backoff,
    )
    return child(
        Supervisor,
        id=id,
        name=name,
        args=(spec,),
        restart=restart,
        shutdown=shutdown,
        significant=significant,
    )
