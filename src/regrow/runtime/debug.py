"""Looking into a running System: `rg.debug.trace(ref)`.

A trace records what one process gets, sends and makes of it. While any trace of a System is open,
all its sends and calls take the long way (no short cut for casts, no hand-off); while none is, tracing costs
nothing.
"""

from __future__ import annotations

import copy
import logging
from collections import deque
from typing import TYPE_CHECKING, Literal, TypeAlias, cast, final

import msgspec
from typing_extensions import override

from regrow.core.reasons import ExitReason, format_reason
from regrow.core.reports import redact_reason
from regrow.errors import BadAddress, BadSetting, NoProcess
from regrow.runtime.blueprint import Entry
from regrow.runtime.items import Request, message_of
from regrow.runtime.pid import Address, Pid, Ref
from regrow.runtime.process import DEAD, Process

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from typing import Self

    from regrow.runtime.blueprint import Blueprint
    from regrow.runtime.engine import Engine

__all__ = ("Trace", "TraceEntry", "trace")

trace_log: logging.Logger = logging.getLogger("regrow.trace")

TraceKind: TypeAlias = Literal[
    "in", "out", "handling", "returned", "declared", "raised", "answered", "started", "exited"
]


@final
class TraceEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a trace. Texts went through the System's `redact`."""

    at: float
    """Loop time, seconds."""
    kind: TraceKind
    """`in` and `out`: a message or signal arrived or was sent; `handling`, then `returned`, `declared`
    (a declared exception) or `raised`: a handler ran; `answered`: a call that it made; `started` and
    `exited`: the process itself."""
    pid: Pid[object]
    """The traced process."""
    other: Pid[object] | None
    """Who sent it, or was sent to; None for outside."""
    text: str
    """The message, the handler, or the exit reason."""
    detail: str
    """What the handler returned or raised, or the answer was; empty for the rest."""

    @override
    def __str__(self) -> str:
        way = {"in": " <- ", "out": " -> "}.get(self.kind, "")
        other = f"{way}{self.other or 'outside'}" if way else ""
        return f"{self.at:.6f} {self.pid} {self.kind}{other}: {self.text}{self.detail and ': ' + self.detail}"


@final
class Trace:
    """A trace that is being taken. Close it by `close()` or a `with` block; what was recorded stays."""

    __slots__ = ("_engine", "_entries", "_log", "_lost", "_target")

    def __init__(self, engine: Engine, target: Process | str, *, keep: int, log: bool) -> None:
        self._engine: Engine | None = engine
        self._target = target
        self._entries: deque[TraceEntry] = deque(maxlen=keep)
        self._lost = 0
        self._log = log

    @property
    def entries(self) -> tuple[TraceEntry, ...]:
        """What was recorded, oldest first."""
        return tuple(self._entries)

    @property
    def lost(self) -> int:
        """How many older entries gave way to newer ones."""
        return self._lost

    def format(self) -> str:
        """The entries as text, one a line."""
        return "\n".join(str(entry) for entry in self._entries)

    def close(self) -> None:
        """End it; twice is fine."""
        engine, self._engine = self._engine, None
        if engine is not None and engine.tracer is not None:
            engine.tracer.remove(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def watches(self, process: Process) -> bool:
        """Whether `process` is traced, for the runtime."""
        target = self._target
        return process is target or (process.name is not None and process.name == target)

    def record(self, entry: TraceEntry) -> None:
        """Take one more entry, for the runtime."""
        self._lost += len(self._entries) == self._entries.maxlen
        self._entries.append(entry)
        if self._log and self._engine is not None and trace_log.isEnabledFor(logging.INFO):
            process = cast("Process", entry.pid)
            fields = {"regrow_trace": entry}
            self._engine.reporter.log((trace_log, logging.INFO), "%s", (str(entry),), process, fields)


def trace(target: Address[object], *, keep: int = 1000, log: bool = False) -> Trace:
    """Record every message in and out of one process, and what its handlers make of them.

    Args:
        target: A Pid, or a Ref: then whoever holds the name, over restarts.
        keep: The newest entries that are kept, default 1000.
        log: Whether each entry is also logged, to `regrow.trace` at level INFO. Default False.

    Raises:
        NoProcess: The Pid's process has ended.
        BadAddress: Neither a Pid nor a Ref.
        BadSetting: `keep` is no whole number of at least 1.
        WrongThread, WrongLoop, NotStarted: Outside the System's loop.
    """
    if type(keep) is not int or keep < 1:
        raise BadSetting("keep", keep, "a whole number of at least 1", owner="trace")
    watched: Process | str
    if isinstance(target, Ref):
        engine, watched = target._engine, target.name  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001
    elif isinstance(target, Process):
        engine, watched = target.engine, target
        if target.status == DEAD:
            raise NoProcess(target)
    else:
        raise BadAddress(target, "a Pid or a Ref")
    engine.check_here("trace")
    if engine.tracer is None:
        engine.tracer = Tracer(engine)
    started = Trace(engine, watched, keep=keep, log=log)
    engine.tracer.add(started)
    return started


@final
class Tracer:
    """The open traces of one System. For the runtime: what it tells is recorded in those it concerns."""

    __slots__ = ("_engine", "_hand_offs", "_originals", "_traces", "_unwrapped")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._traces: list[Trace] = []
        self._originals: dict[Process, Blueprint] = {}
        self._unwrapped: dict[Entry, Entry] = {}
        self._hand_offs = engine.hand_offs
        engine.guard()
        engine.hand_offs = engine.hand_offs_left = 0

    # -- traces --------------------------------------------------------------------------------

    def add(self, trace: Trace) -> None:
        """A trace begins."""
        self._traces.append(trace)
        for process in list(self._engine.processes()):
            if trace.watches(process):
                self._wrap(process)

    def remove(self, trace: Trace) -> None:
        """A trace ends; the last one ends the tracing."""
        self._traces.remove(trace)
        for process in list(self._originals):
            if not any(other.watches(process) for other in self._traces):
                self._unwrap(process)
        if not self._traces:
            engine = self._engine
            engine.tracer = None
            engine.hand_offs = engine.hand_offs_left = self._hand_offs
            engine.unguard()

    # -- what happens --------------------------------------------------------------------------

    def message(self, sender: Process | None, target: Process, item: object, message: object) -> None:
        """`sender` sends a message, or asks."""
        if not self._concerns(target) and (sender is None or not self._concerns(sender)):
            return
        shown = self._engine.reporter.show(message)
        self._record("in", target, shown, other=sender)
        if sender is not None:
            self._record("out", sender, shown, other=target)
            if isinstance(item, Request):
                item.future.add_done_callback(lambda future: self._answered(sender, target, shown, future))

    def signal(self, process: Process, item: object) -> None:
        """A signal of the runtime arrives."""
        if self._concerns(process):
            self._record("in", process, self._engine.reporter.show(message_of(item)))

    def started(self, process: Process) -> None:
        """A process begins to start."""
        if self._concerns(process):
            self._wrap(process)
            self._record("started", process, process.kind)

    def exited(self, process: Process, reason: ExitReason) -> None:
        """A process has ended."""
        self._originals.pop(process, None)
        redact = self._engine.redact
        shown = reason if redact is None else redact_reason(reason, redact)
        self._record("exited", process, format_reason(shown))

    def _answered(self, caller: Process, target: Process, shown: str, future: asyncio.Future[object]) -> None:
        if future.cancelled():
            self._record("answered", caller, shown, "given up", other=target)
            return
        error = future.exception()
        detail = self._engine.reporter.show(future.result() if error is None else error)
        self._record("answered", caller, shown, detail, other=target)

    def _concerns(self, process: Process) -> bool:
        return any(trace.watches(process) for trace in self._traces)

    def _record(
        self, kind: TraceKind, process: Process, text: str, detail: str = "", *, other: Process | None = None
    ) -> None:
        now = self._engine.loop.time()
        for trace in self._traces:
            if trace.watches(process):
                trace.record(
                    TraceEntry(at=now, kind=kind, pid=process, other=other, text=text, detail=detail)
                )

    # -- handlers ------------------------------------------------------------------------------

    def _wrap(self, process: Process) -> None:
        """Give `process` callbacks that tell of themselves, in the place of its class's."""
        if process in self._originals or process.blueprint.server is None:
            return
        original = self._originals[process] = process.blueprint
        own = copy.copy(original)

        def wrapped(entry: Entry) -> Entry:
            return self._wrapped(process, entry)

        own.wrap = wrapped
        own.calls = {kind: wrapped(entry) for kind, entry in original.calls.items()}
        own.casts = {kind: wrapped(entry) for kind, entry in original.casts.items()}
        if original.held is not None:
            own.held = {kind: wrapped(entry) for kind, entry in original.held.items()}
        own.info = original.info and wrapped(original.info)
        own.continues = original.continues and wrapped(original.continues)
        own.terminate = original.terminate and wrapped(original.terminate)
        process.blueprint = own

    def _unwrap(self, process: Process) -> None:
        own, process.blueprint = process.blueprint, self._originals.pop(process)
        # Messages that wait were looked up already: their handlers have to be known.
        for known, met in ((process.blueprint.calls, own.calls), (process.blueprint.casts, own.casts)):
            for kind, entry in met.items():
                known.setdefault(kind, self._unwrapped.get(entry, entry))
        if process.blueprint.held is not None:
            for kind, entry in (own.held or {}).items():
                process.blueprint.held.setdefault(kind, self._unwrapped.get(entry, entry))

    def _wrapped(self, process: Process, entry: Entry) -> Entry:
        inner = entry.invoke
        name = f"{process.kind}.{entry.name}"

        def run(instance: object, argument: object) -> object:
            self._handling(process, name, argument)
            try:
                result = inner(instance, argument)
            except BaseException as error:
                self._failed(process, name, entry, error)
                raise
            self._returned(process, name, result)
            return result

        async def run_async(instance: object, argument: object) -> object:
            self._handling(process, name, argument)
            try:
                result = await entry.invoke_async(instance, argument)
            except BaseException as error:
                self._failed(process, name, entry, error)
                raise
            self._returned(process, name, result)
            return result

        invoke: Callable[..., object] = run_async if entry.is_async and not entry.blocking else run
        made = Entry(
            entry.name,
            invoke,
            is_async=entry.is_async,
            blocking=entry.blocking,
            raises=entry.raises,
            hand_off=False,
        )
        self._unwrapped[made] = entry
        return made

    def _handling(self, process: Process, name: str, argument: object) -> None:
        self._record("handling", process, name, self._engine.reporter.show(argument))

    def _returned(self, process: Process, name: str, result: object) -> None:
        self._record("returned", process, name, self._engine.reporter.show(result))

    def _failed(self, process: Process, name: str, entry: Entry, error: BaseException) -> None:
        kind: TraceKind = "declared" if isinstance(error, entry.raises) else "raised"
        self._record(kind, process, name, self._engine.reporter.show(error))
