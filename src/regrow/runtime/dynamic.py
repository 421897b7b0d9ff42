"""DynamicSupervisor: any number of children, started at run time, all of equal rank."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import Final, TypeGuard, cast, final

import msgspec
from typing_extensions import override

from regrow.core.backoff import Backoff
from regrow.core.decorators import call
from regrow.core.options import Restart, ShutdownOption
from regrow.core.reasons import ExitReason, reason_of
from regrow.core.specs import (
    ChildSpec,
    SupervisorFlags,
    check_child_spec,
    check_flags,
    check_significance,
    child,
)
from regrow.errors import NoSuchChild, RegrowError, TooManyChildren
from regrow.errors.specs import BadLimit, NotAChildSpec
from regrow.runtime.genserver import InitResult
from regrow.runtime.items import Exit, TryAgain
from regrow.runtime.links import children_of
from regrow.runtime.pid import Pid
from regrow.runtime.process import DEAD, Process
from regrow.runtime.start import begin_child, start_child
from regrow.runtime.supervision import (
    Branch,
    ChildCount,
    ChildInfo,
    SupervisorBase,
    is_restarted,
    shutdown_of,
)
from regrow.runtime.supervisor import FAILURES

GONE: Final = ChildSpec(id="", target=object)
"""Shown for a child that is being stopped: it has no spec any more."""
FLAGS: Final = SupervisorFlags()


@final
class Restarting:
    """A dynamic child between two processes."""

    __slots__ = ("extra", "reason", "spec")

    def __init__(self, spec: ChildSpec, extra: tuple[object, ...], reason: ExitReason) -> None:
        self.spec: ChildSpec = spec
        self.extra: tuple[object, ...] = extra
        self.reason: ExitReason = reason


class DynamicSupervisor(SupervisorBase):
    """Starts children on request and restarts each by itself (one_for_one).

    At its end all children are told to stop at once. Describe one with
    `rg.dynamic_supervisor(...)`.
    """

    __slots__ = ("_count", "_last_args", "_last_spec", "_max_children", "_restarting")
    __regrow_eager__ = True

    _count: int
    _last_args: int
    _last_spec: ChildSpec | None
    _max_children: int | None
    _restarting: dict[Restarting, None]

    @override
    def init(self, flags: SupervisorFlags = FLAGS, max_children: int | None = None) -> SupervisorFlags:  # type: ignore[override]
        """Take the flags."""
        self._max_children = max_children
        return flags

    async def begin(self, flags: object) -> InitResult:
        """Be ready for children. For the runtime."""
        if not isinstance(flags, SupervisorFlags):
            return flags  # type: ignore[return-value]
        self._set_flags(flags)
        self._count = 0  # with those whose end it has not heard of yet
        self._restarting = {}
        self._last_spec = None
        self._last_args = 0
        return None

    @override
    def shutdown_seconds(self) -> float:
        return max((shutdown_of(process, spec) for process, spec in self._with_specs()), default=0.0)

    def branches(self, limit: int) -> tuple[list[Branch], int]:
        """Its children, running first, oldest first, for the runtime."""
        children = children_of(self._process)
        shown = [Branch(process.child or GONE, process, "running") for process in islice(children, limit)]
        between = islice(self._restarting, max(0, limit - len(shown)))
        shown += [Branch(one.spec, None, "restarting") for one in between]
        return shown, len(children) + len(self._restarting)

    # -- calls ---------------------------------------------------------------------------------

    @call(raises=(RegrowError,))
    async def start_child(self, spec: ChildSpec, args: tuple[object, ...] = ()) -> Pid[object] | None:
        """Start a child.

        Args:
            spec: How; its id needn't be unique. One spec can serve for many children.
            args: Arguments of this child, after those of the spec. A spec that is not whole without
                them is made with `rg.ChildSpec(...)`, which unlike `rg.child` is checked only here.

        Returns:
            Its Pid, None if its `init` ignored.

        Raises:
            TooManyChildren: There are `max_children`.
            BadChildSpec: The spec is wrong.
            StartError, NameTaken, BadServer, BadQuery: It did not start.
        """
        process = self._process
        if spec is not self._last_spec or len(args) != self._last_args:
            # One spec for many children: it is looked at once.
            if type(spec) is not ChildSpec:
                raise NotAChildSpec(spec)
            check_child_spec(msgspec.structs.replace(spec, args=(*spec.args, *args)) if args else spec)
            check_significance(spec, "never")
            self._last_spec, self._last_args = spec, len(args)
        self._check_room()
        new = begin_child(process.engine, spec, process, args)
        if new is not None and not isinstance(new, Process):
            new = await new
        self._count += new is not None
        return new

    @call(raises=(NoSuchChild,))
    async def terminate_child(self, pid: Pid[object]) -> None:
        """Stop a child for good; one that has ended is stopped.

        Raises:
            NoSuchChild: It lives and is no child of this supervisor.
        """
        if not isinstance(pid, Process) or pid.parent is not self._process or pid.child is None:
            if isinstance(pid, Process) and pid.status == DEAD:
                return  # as OTP has it: what was asked for is so
            raise NoSuchChild(pid)
        spec = spec_of(pid)
        pid.child = None  # so that its end is no reason to restart it
        self._count -= 1
        await self._stop_child(pid, spec)

    @call
    async def which_children(self) -> tuple[ChildInfo, ...]:
        """All children, oldest first."""
        running = tuple(
            ChildInfo(spec.id, process, spec.kind, "running", spec) for process, spec in self._with_specs()
        )
        return running + tuple(
            ChildInfo(one.spec.id, None, one.spec.kind, "restarting", one.spec) for one in self._restarting
        )

    @call
    async def count_children(self) -> ChildCount:
        """How many children there are."""
        specs = [spec for _, spec in self._with_specs()]
        every = specs + [one.spec for one in self._restarting]
        supervisors = sum(spec.kind == "supervisor" for spec in every)
        return ChildCount(len(every), len(specs), supervisors, len(every) - supervisors)

    # -- what happens to children --------------------------------------------------------------

    @override
    async def handle_info(self, message: object) -> None:
        if isinstance(message, Exit):
            process = message.pid
            if self._has_ended(process):
                spec, process.child = spec_of(process), None
                self._count -= 1
                await self._ended(process, spec, message.reason)
        elif isinstance(message, TryAgain):
            one = cast("Restarting", message.child)
            if one in self._restarting:
                del self._restarting[one]
                await self._restart(one, None, counted=self._flags.backoff is not None)

    async def _ended(self, process: Process, spec: ChildSpec, reason: ExitReason) -> None:
        self._report_end(spec, reason)
        if is_restarted(spec, reason):
            await self._restart(Restarting(spec, process.extra, reason), process, counted=False)

    @override
    async def terminate(self, reason: ExitReason) -> None:
        stopping: list[tuple[Process, ChildSpec, asyncio.Future[ExitReason]]] = []
        for process, spec in reversed(self._with_specs()):
            stopping.append((process, spec, self._begin_stop(process, spec)))
        for process, spec, down in stopping:
            await self._end_stop(process, spec, down)

    async def _restart(self, one: Restarting, old: Process | None, *, counted: bool) -> None:
        if not counted:
            if not self._may_restart(one.spec.id, one.reason):
                return
            delay = self._backoff()
            if delay > 0.0:
                self._restarting[one] = None
                self._try_again(one, delay)
                return
        try:
            new = await start_child(self._engine, one.spec, self._process, one.extra)
        except FAILURES as error:
            self._restart_failed(one.spec.id, error)
            one.reason = reason_of(error)
            if self._flags.backoff is not None and not self._may_restart(one.spec.id, one.reason):
                return
            self._restarting[one] = None
            self._try_again(one, self._backoff())
            return
        if new is not None:
            self._count += 1
            self._restarted(one.spec.id, old, new, one.reason)

    def _has_ended(self, pid: Pid[object]) -> TypeGuard[Process]:
        """Whether it was a child; anybody may send an EXIT, also a child that lives."""
        if not isinstance(pid, Process) or pid.alive:
            return False
        return pid.parent is self._process and pid.child is not None

    def _check_room(self) -> None:
        limit = self._max_children
        if limit is not None and self._count + len(self._restarting) >= limit:
            raise TooManyChildren(limit)

    def _with_specs(self) -> list[tuple[Process, ChildSpec]]:
        return [(process, spec_of(process)) for process in children_of(self._process)]


def spec_of(process: Process) -> ChildSpec:
    """The spec that `process` was started from."""
    return cast("ChildSpec", process.child)


def dynamic_supervisor(
    *,
    id: str | None = None,  # the field's own word
    name: str | None = None,
    max_children: int | None = None,
    max_restarts: int = 3,
    max_seconds: float = 5.0,
    backoff: Backoff | None = None,
    restart: Restart = "permanent",
    shutdown: ShutdownOption = None,
    significant: bool = False,
) -> ChildSpec:
    """Describe a dynamic supervisor as a child; its own children are started at run time.

    Args:
        id: Its id among its siblings; default `name`, or else `"DynamicSupervisor"`.
        name: The name to register it under; default none.
        max_children: Most children at a time; default no limit.
        max_restarts: Restart attempts allowed within `max_seconds`, default 3.
        max_seconds: Seconds, default 5.0.
        backoff: Wait before restarts, default none.
        restart: What the supervisor above does when this one ends, default `"permanent"`.
        shutdown: Seconds it has to stop; default the longest of its children's.
        significant: Whether its own end counts for the `auto_shutdown` above.

    Raises:
        BadChildSpec: One subclass for each option that can't be used.
    """
    flags = SupervisorFlags(max_restarts=max_restarts, max_seconds=max_seconds, backoff=backoff)
    check_flags(flags)
    if max_children is not None and (type(max_children) is not int or max_children < 1):
        raise BadLimit("max_children", max_children)
    return child(
        DynamicSupervisor,
        id=id,
        name=name,
        args=(flags, max_children),
        restart=restart,
        shutdown=shutdown,
        significant=significant,
    )
