"""Starting processes: `init`, its failures, its timeout, and what comes after it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from inspect import isawaitable
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Never, Protocol, cast

from regrow.core.events import Started
from regrow.core.reasons import KILLED, NORMAL, Crash, ExitReason, reason_of
from regrow.core.specs import ChildSpec
from regrow.core.targets import check_target
from regrow.errors import (
    BadInitResult,
    BadServer,
    ChildStartFailed,
    InitFailed,
    NotStarted,
    StartTimeout,
)
from regrow.runtime.after import After, End, Failed, Stop
from regrow.runtime.blueprint import Blueprint, Prepare, blueprint_of
from regrow.runtime.genserver import Continue, GenServer, Ignore
from regrow.runtime.items import Continuation
from regrow.runtime.mailbox import Mailbox
from regrow.runtime.process import DEAD, IDLE, RUNNING, STARTING, Process

if TYPE_CHECKING:
    from regrow.core.ports import StepHook
    from regrow.runtime.engine import Engine

PLAIN_MAILBOX = Mailbox()
NOTHING: Final[Mapping[str, object]] = MappingProxyType({})


class Beginner(Protocol):
    """A server with something to start after its `init`: the supervisors."""

    async def begin(self, result: object) -> object:
        """Take what `init` returned; return what `init` of another server may return."""
        ...


async def start_child(
    engine: Engine, spec: ChildSpec, parent: Process | None, extra: tuple[object, ...] = ()
) -> Process | None:
    """Start what `spec` describes. Waits only if `init` is `async def`.

    Args:
        engine: Of the System that it belongs to.
        spec: The child.
        parent: Its supervisor, tied to it from before `init`.
        extra: Arguments after those of the spec.

    Returns:
        The process, None if `init` returned `rg.Ignore`.

    Raises:
        NameTaken, InitFailed, StartTimeout, BadInitResult: Nothing is left running.
    """
    begun = begin_child(engine, spec, parent, extra)
    return begun if begun is None or isinstance(begun, Process) else await begun


def begin_child(
    engine: Engine, spec: ChildSpec, parent: Process | None, extra: tuple[object, ...] = ()
) -> Process | Coroutine[object, Never, Process | None] | None:
    """What `start_child` does, and what it returns; if there is something to wait for, the rest of it."""
    target = spec.target
    server = target if isinstance(target, type) and issubclass(target, GenServer) else None
    blueprint = _plain_blueprint(spec.target) if server is None else blueprint_of(server)
    process = new_process(engine, blueprint, spec.name, parent=parent, metadata=spec.metadata)
    process.child = spec
    process.extra = extra
    args = spec.args + extra if extra else spec.args
    if server is None:
        if engine.ports.step_hook is not None:
            _announce_init(engine, process, engine.ports.step_hook)
        _run_plain(engine, process, spec.target, args, dict(spec.kwargs or {}))
        return process
    instance = server.__new__(server)
    instance._process = process  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # ours
    process.instance = instance
    if engine.ports.step_hook is not None and blueprint.prepare is None:
        _announce_init(engine, process, engine.ports.step_hook)
        blueprint = process.blueprint  # which it may have changed
    if not blueprint.starts_at_once:
        return _init(engine, process, args, spec.kwargs or NOTHING, spec.start_timeout)
    result = None
    if args or spec.kwargs or blueprint.init is not None:
        result = _run_init(engine, process, instance, args, spec.kwargs or NOTHING)
    return _started(engine, process, result)


def spawn_process(
    engine: Engine, function: Callable[..., object], args: tuple[object, ...], name: str | None
) -> Process:
    """Start a plain process that no supervisor watches.

    Raises:
        BadTarget, BadServer: The function is no `async def`.
        BadArguments: It does not take these arguments.
        NameTaken: Another process has the name.
    """
    engine.check_here("spawn")
    check_target(function, args, None)
    if isinstance(function, type):
        raise BadServer(
            function, "spawn runs an async def function; a server class is a child of a supervisor"
        )
    process = new_process(engine, _plain_blueprint(function), name)
    _run_plain(engine, process, function, args, {})
    return process


def _plain_blueprint(function: object) -> Blueprint:
    return Blueprint(str(getattr(function, "__qualname__", None) or repr(function)), PLAIN_MAILBOX)


def _run_plain(
    engine: Engine,
    process: Process,
    function: Callable[..., object],
    args: tuple[object, ...],
    kwargs: dict[str, object],
) -> None:
    engine.workers.plain(process, function, args, kwargs)  # type: ignore[arg-type]
    _up(engine, process, None)


def new_process(
    engine: Engine,
    blueprint: Blueprint,
    name: str | None,
    *,
    parent: Process | None = None,
    metadata: Mapping[str, object] | None = None,
) -> Process:
    """A process, registered and in the table, that does not run yet.

    Raises:
        NotStarted: The System is about to end.
        NameTaken, BadRegistrationName, BadQuery: It can't have that name or metadata.
    """
    if engine.closing:
        raise NotStarted(engine.name, "stopping")
    process = Process(engine, blueprint, parent, None)
    if name is not None:
        engine.registry.claim(name, process, metadata)
    if engine.tracer is not None:
        engine.tracer.started(process)
    if parent is None:
        engine.rootless[process] = None
    else:
        extras = parent.extras or parent.more()
        if extras.children is None:
            extras.children = {}
        extras.children[process] = None
    return process


async def _init(
    engine: Engine,
    process: Process,
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
    start_timeout: float | None,
) -> Process | None:
    blueprint = process.blueprint
    ready = None
    if blueprint.prepare is not None:
        ready = await _prepare(engine, process, blueprint.prepare)
        if engine.ports.step_hook is not None:
            _announce_init(engine, process, engine.ports.step_hook)
            blueprint = process.blueprint  # which it may have changed
    entry = blueprint.init
    if entry is not None and entry.is_async and not blueprint.eager:
        result = await _wait_for_init(engine, process, args, kwargs, start_timeout)
    else:
        instance = process.instance
        assert isinstance(instance, GenServer)
        result = _run_init(engine, process, instance, args, kwargs)
        if blueprint.is_supervisor and process.after is None:
            result = await _begin(engine, process, cast("Beginner", instance), result)
    return _started(engine, process, result, ready)


async def _prepare(engine: Engine, process: Process, prepare: Prepare) -> Callable[[], object] | None:
    """Do what the class needs before `init`."""
    ready: Callable[[], object] | None = None
    try:
        ready = await prepare(process)
    except Exception as error:  # noqa: BLE001  # whatever it is ends the process
        engine.exits.raised(process, error)
    except BaseException:  # whoever starts it is being ended
        engine.exits.finish(process, KILLED)
        raise
    if process.after is not None:
        _undo(engine, process, process.after)
    return ready


def _announce_init(engine: Engine, process: Process, hook: StepHook) -> None:
    """Tell the step hook of a child that is about to begin."""
    try:
        hook(process, "init", None)
    except Exception as error:  # noqa: BLE001  # whatever it is ends the process
        engine.exits.raised(process, error)
    if process.after is not None:
        _undo(engine, process, process.after)


def _run_init(
    engine: Engine,
    process: Process,
    instance: GenServer,
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
) -> object:
    """Run `init` on the starter's stack."""
    context = process.context or engine.contexts.lend(process)
    outer = engine.handling
    engine.handling = process
    try:
        # Most have none, and to hand on an empty mapping takes as long as the rest of the call.
        result: object = (
            context.run(instance.init, *args, **kwargs) if kwargs else context.run(instance.init, *args)
        )
    except BaseException as error:  # noqa: BLE001  # whatever it is ends the process
        engine.exits.raised(process, error)
        return None
    finally:
        engine.handling = outer
        engine.contexts.take_back(process, context)
    return result


async def _begin(engine: Engine, process: Process, supervisor: Beginner, result: object) -> object:
    """Start the children of a supervisor, still on its starter's stack."""
    parent = process.parent
    if parent is not None:
        parent.waiting = process
    try:
        return await supervisor.begin(await result if isawaitable(result) else result)
    except BaseException as error:  # noqa: BLE001  # whatever it is ends the process
        engine.exits.raised(process, error)
        return None
    finally:
        if parent is not None:
            parent.waiting = None


async def _wait_for_init(
    engine: Engine,
    process: Process,
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
    start_timeout: float | None,
) -> object:
    entry = process.blueprint.init
    assert entry is not None
    seconds = start_timeout or engine.settings.start_timeout
    future = engine.workers.ask_init(process, entry, args, kwargs)
    down = engine.exits.when_down(process)
    down.add_done_callback(lambda ended: _fail(future, process, ended))
    expired = False

    def expire() -> None:
        nonlocal expired
        expired = True
        engine.exits.end(process, KILLED)

    timer = engine.timers.internal(seconds, expire)
    parent = process.parent
    if parent is not None:
        parent.waiting = process
    try:
        result = await future
        if down.done():  # it stopped itself in init, and its task has ended since
            raise InitFailed(str(process), down.result())  # noqa: TRY301  # the same may come of `future`
        return result  # noqa: TRY300
    except InitFailed:
        if expired:
            raise StartTimeout(str(process), seconds) from None
        raise
    except BaseException:  # who starts it is being ended, and nobody else takes it up
        if process.task is not None:
            engine.exits.end(process, KILLED)
        elif process.status != DEAD:
            engine.exits.finish(process, KILLED)  # its `init` has just returned
        raise
    finally:
        timer.cancel()
        future.cancel()  # nobody waits for it any more
        if parent is not None:
            parent.waiting = None


def _fail(future: asyncio.Future[object], process: Process, ended: asyncio.Future[ExitReason]) -> None:
    if not future.done() and not ended.cancelled():
        future.set_exception(InitFailed(str(process), ended.result()))


def _started(
    engine: Engine, process: Process, result: object, ready: Callable[[], object] | None = None
) -> Process | None:
    if ready is not None and process.after is None and result is not Ignore:
        try:
            ready()
        except Exception as problem:  # noqa: BLE001  # whatever it is ends the process
            engine.exits.raised(process, problem)
    if process.after is not None:
        _undo(engine, process, process.after)
    if result is Ignore:
        engine.exits.finish(process, NORMAL)
        return None
    if result is not None and not isinstance(result, Continue):
        error = BadInitResult(str(process), result)
        engine.exits.finish(process, Crash.of(error))
        raise error
    _up(engine, process, result)
    return process


def _undo(engine: Engine, process: Process, after: After) -> Never:
    """`init` raised, stopped, or was ended: so is the process."""
    who = str(process)
    error = after.error if isinstance(after, Failed) else None
    if isinstance(error, ChildStartFailed):
        engine.exits.finish(process, reason_of(error))
        raise error
    reason: ExitReason = after.reason if isinstance(after, End | Stop) else after
    if error is not None:
        reason = Crash.of(error)
    engine.exits.finish(process, reason)
    raise InitFailed(who, reason) from error


def _up(engine: Engine, process: Process, result: Continue | None) -> None:
    if process.status == STARTING:
        if result is not None:
            process.room += 1
            if process.mailbox is None:
                engine.scheduler.enqueue(process, Continuation(result.value))
            else:
                process.mailbox.appendleft(Continuation(result.value))
        if process.mailbox is None and process.task is None and process.extras is None:
            process.status = IDLE
        elif process.task is None:
            engine.scheduler.settle(process)
        else:
            process.status = RUNNING  # the task of an async init, about to end
    announce(engine, process)


def announce(engine: Engine, process: Process) -> None:
    """Count and tell that `process` is up."""
    engine.counters.started += 1
    wanted = engine.hub.wanted
    if wanted and Started in wanted:
        engine.hub.emit(Started(at=engine.loop.time(), pid=process, kind=process.kind, parent=process.parent))
