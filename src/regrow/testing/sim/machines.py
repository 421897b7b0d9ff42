"""Simulated machines: what runs on one ends at once when its power goes, wherever it is.

Everything that a machine's main function starts (tasks, Systems, timers, threads) carries the machine in
its context. When the power goes, none of it takes another step: no `terminate`, no `finally`, no commit. It
is kept until the run is over, because throwing a coroutine away would run its `finally`.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import warnings
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast, final

from regrow.errors.faults import BadFault

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine
    from regrow.testing.sim.disk import SimDisk
    from regrow.testing.sim.hazards import Tally
    from regrow.testing.sim.loop import SimLoop

__all__ = ("Machine", "Machines", "clear_graves", "machine_of")

T = TypeVar("T")
MOST_BLOCKS: Final = 100
"""In how many blocks with an end of their own one coroutine may be."""


@final
class Machine:
    """One machine, from when it is switched on until its power goes.

    Args:
        loop: The loop of the run.
    """

    __slots__ = ("cut", "disks")

    def __init__(self, loop: SimLoop) -> None:
        self.cut: asyncio.Future[None] = loop.create_future()
        """Done when the power has gone."""
        self.disks: dict[SimDisk, None] = {}
        """Those that it has used."""


_machine: ContextVar[Machine] = ContextVar("regrow.simulated_machine")
_graves: Final[list[object]] = []  # noqa: RG301  # a program has one garbage collector
"""What was cut off in the runs of this program since the last look."""


def machine_of(context: Context) -> Machine | None:
    """The machine that a context belongs to, None if it is the test's own."""
    return context.get(_machine)


@final
class Machines:
    """The machines of one run.

    Args:
        loop: Its loop.
        tally: Where power cuts are counted.
    """

    __slots__ = ("_loop", "_on", "_tally")

    def __init__(self, loop: SimLoop, tally: Tally) -> None:
        self._loop = loop
        self._tally = tally
        self._on: dict[Machine, None] = {}

    async def survive(self, life: Callable[[int], Coroutine[Any, Any, T]]) -> T:
        """See `Simulation.survive`."""
        boot = 0
        while True:
            machine = Machine(self._loop)
            self._on[machine] = None
            context = copy_context()
            context.run(_machine.set, machine)
            living = asyncio.Task(life(boot), loop=self._loop, name=f"boot {boot}", context=context)
            try:
                either: set[asyncio.Future[Any]] = {living, machine.cut}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:
                living.cancel()
                raise
            finally:
                self._on.pop(machine, None)
            if not machine.cut.done():
                return living.result()
            boot += 1

    def attach(self, disk: SimDisk, machine: Machine | None) -> None:
        """A disk is used by this machine."""
        if machine is not None:
            machine.disks[disk] = None

    def cut_power(self, machine: Machine | None, disk: SimDisk) -> bool:
        """Cut the power of a machine, which writes to this disk; False if there is none."""
        if machine is None or machine.cut.done():
            return False
        self._cut(machine, only_process=False, meanwhile=f" while {disk.name} was written")
        return True

    async def cut(self, *, only_process: bool) -> None:
        """See `Simulation.power_cut`."""
        mine = _machine.get(None)
        machines = [machine for machine in self._on if mine is None or machine is mine]
        if not machines:
            raise BadFault(
                "power_cut", "only_process", only_process, "within, or beside, what sim.survive(...) runs"
            )
        for machine in machines:
            self._cut(machine, only_process=only_process)
        if mine is not None:
            await self._loop.create_future()

    def _cut(self, machine: Machine, *, only_process: bool, meanwhile: str = "") -> None:
        kind = "process_killed" if only_process else "power_cut"
        self._tally.struck(kind, kind + meanwhile)
        _graves.extend(self._loop.cut_off(machine))
        for disk in machine.disks:
            if only_process:
                disk.lose_process(self._loop.decisions)
            else:
                disk.lose_power(self._loop.decisions)
        for engine in [one for one in self._loop.engines if machine_of(one.contexts.base) is machine]:
            _switch_off(engine)
            del self._loop.engines[engine]
        machine.cut.set_result(None)


def _switch_off(engine: Engine) -> None:
    """Who asks a System that is gone is told so."""
    engine.forked()
    _graves.append(engine)


def clear_graves() -> None:
    """Throw away what was cut off, and whatever it has to say."""
    if _graves:
        with _silence():
            _unwind_graves()  # a function of its own, whose names keep nothing
            gc.collect(1)  # the run itself has looked through the youngest


def _unwind_graves() -> None:
    for one in _graves:
        if isinstance(one, asyncio.Task):
            _unwind(cast("asyncio.Task[object]", one))
    _graves.clear()


def _unwind(task: asyncio.Task[object]) -> None:
    """Leave all the blocks that it is in; one that waits again is left again."""
    coroutine = cast("Coroutine[object, object, object]", task.get_coro())
    for _ in range(MOST_BLOCKS):
        try:
            coroutine.close()
        except BaseException:  # noqa: BLE001, RG401, S112  # what it does in its end is nobody's any more
            continue
        return


@contextmanager
def _silence() -> Generator[None]:
    before = sys.unraisablehook
    sys.unraisablehook = lambda _: None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.unraisablehook = before


def context_of(task: asyncio.Task[object]) -> Context | None:
    """The context that a waiting task runs in; None if that can't be told."""
    known = getattr(task, "get_context", None)  # since Python 3.12
    if known is not None:
        return cast("Context", known())
    waiter: object = getattr(task, "_fut_waiter", None)
    callbacks: object = getattr(waiter, "_callbacks", None)
    for callback, context in cast("list[tuple[object, Context]]", callbacks or []):
        if getattr(callback, "__self__", None) is task:
            return context
    return None
