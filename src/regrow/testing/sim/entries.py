"""A class's callbacks with a fault before each of them, if one strikes."""

from __future__ import annotations

import asyncio
import copy
from inspect import isawaitable
from typing import TYPE_CHECKING, Protocol, cast

from regrow.runtime.after import Job
from regrow.runtime.blueprint import Entry
from regrow.runtime.resume import resume

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from regrow.runtime.blueprint import Blueprint
    from regrow.runtime.genserver import GenServer
    from regrow.runtime.process import Process
    from regrow.testing.sim.delays import Delay

__all__ = ("Strike", "Striker", "delayed_init", "faulty_twin")


class Strike(Protocol):
    """A fault that strikes now, before a callback."""

    @property
    def delay(self) -> Delay | None:
        """How the callback takes longer; None if it doesn't run at all."""
        ...

    def end(self, process: Process, entry: Entry | None) -> None:
        """End the process, or raise in the callback's place."""
        ...


class Striker(Protocol):
    """Decides before each callback whether a fault strikes."""

    def strike(self, process: Process, where: str) -> Strike | None:
        """None: nothing happens."""
        ...

    def asleep(self, delay: Delay) -> None:
        """Work for a thread, which runs now, takes longer."""
        ...


def faulty_twin(blueprint: Blueprint, striker: Striker) -> Blueprint:
    """The same class, with `striker` asked before each of its callbacks but `init`."""
    own = copy.copy(blueprint)
    earlier = blueprint.wrap
    held = blueprint.held is not None

    def wrapped(entry: Entry) -> Entry:
        return _wrapped(entry, striker, held=held)

    own.wrap = wrapped if earlier is None else lambda entry: wrapped(earlier(entry))
    own.calls = {kind: wrapped(entry) for kind, entry in blueprint.calls.items()}
    own.casts = {kind: wrapped(entry) for kind, entry in blueprint.casts.items()}
    if blueprint.held is not None:
        own.held = {kind: wrapped(entry) for kind, entry in blueprint.held.items()}
    own.info = blueprint.info and wrapped(blueprint.info)
    own.continues = blueprint.continues and wrapped(blueprint.continues)
    if blueprint.terminate is not None and not blueprint.is_supervisor:
        own.terminate = _terminate(blueprint.terminate, striker)
    return own


def delayed_init(blueprint: Blueprint, delay: Delay) -> Blueprint:
    """The same class, whose `init` takes longer, on the process's own task."""
    own = copy.copy(blueprint)

    async def init(instance: GenServer, *args: object, **kwargs: object) -> object:
        await delay.wait()
        result = _as_handling(_process(instance), lambda: instance.init(*args, **kwargs))
        return await cast("Awaitable[object]", result) if isawaitable(result) else result

    own.init = Entry("init", init, is_async=True)
    own.starts_at_once = False
    return own


def _process(instance: object) -> Process:
    return cast("GenServer", instance)._process  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # ours


def _as_handling(process: Process, call: Callable[[], object]) -> object:
    """Run a `def` callback as the scheduler does."""
    engine = process.engine
    outer, engine.handling = engine.handling, process
    try:
        return call()
    finally:
        engine.handling = outer


def _wrapped(entry: Entry, striker: Striker, *, held: bool) -> Entry:
    if entry.blocking:
        return _like(entry, _on_thread(entry, striker))
    if entry.is_async:
        return _like(entry, _on_task(entry, striker))
    if held:
        # A turn that is to be committed is over when its handler has returned: no Job may come after it.
        return Entry(entry.name, _on_task(entry, striker), is_async=True, raises=entry.raises, hand_off=False)
    return _like(entry, _on_stack(entry, striker))


def _like(entry: Entry, invoke: Callable[..., object]) -> Entry:
    return Entry(
        entry.name,
        invoke,
        is_async=entry.is_async,
        blocking=entry.blocking,
        raises=entry.raises,
        hand_off=entry.hand_off,
    )


def _on_stack(entry: Entry, striker: Striker) -> Callable[..., object]:
    inner, name = entry.invoke, entry.name

    def run(instance: object, argument: object) -> object:
        process = _process(instance)
        strike = striker.strike(process, name)
        if strike is None:
            return inner(instance, argument)
        if strike.delay is None:
            strike.end(process, entry)
        else:
            coroutine = _later(process, strike.delay, entry, instance, argument)
            process.after = Job(resume(coroutine, coroutine.send(None)))
        return None

    return run


async def _later(process: Process, delay: Delay, entry: Entry, instance: object, argument: object) -> object:
    await delay.wait()
    return _as_handling(process, lambda: entry.invoke(instance, argument))


def _on_task(entry: Entry, striker: Striker) -> Callable[..., object]:
    name = entry.name

    async def run(instance: object, argument: object) -> object:
        process = _process(instance)
        strike = striker.strike(process, name)
        if strike is not None:
            if strike.delay is None:
                strike.end(process, entry)
                await asyncio.sleep(0)  # where it is cancelled
                return None
            await strike.delay.wait()
        if entry.is_async:
            return await entry.invoke_async(instance, argument)
        return _as_handling(process, lambda: entry.invoke(instance, argument))

    return run


def _on_thread(entry: Entry, striker: Striker) -> Callable[..., object]:
    inner, name = entry.invoke, entry.name

    def run(instance: object, argument: object) -> object:
        process = _process(instance)
        strike = striker.strike(process, name)
        if strike is not None:
            if strike.delay is None:
                strike.end(process, entry)  # if it is killed, its thread goes on, as threads do
            else:
                striker.asleep(strike.delay)
        return inner(instance, argument)

    return run


def _terminate(entry: Entry, striker: Striker) -> Entry:
    """As `_on_task`, begun on the scheduler's stack if it is a `def`; it goes on on a task if it waits."""
    made = Entry("terminate", _on_task(entry, striker), is_async=True)
    made.inline = entry.inline
    return made
