"""One run of a simulated test, from a seed or from the answers of an earlier run."""

from __future__ import annotations

import asyncio
import gc
from asyncio import events
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Context
from typing import Final, TypeAlias

import msgspec

import regrow.delivery.service
import regrow.runtime.system  # noqa: F401  # a module that is first loaded within a run would be a step of it
from regrow.errors.testing import UnhandledInRun
from regrow.testing.sim.decisions import Decisions, Deviation, Deviations
from regrow.testing.sim.loop import SimLoop
from regrow.testing.sim.simulation import Simulation
from regrow.testing.sim.trace import Trace

__all__ = ("Body", "Outcome", "run_seed")

Body: TypeAlias = Callable[[Simulation], Awaitable[object]]
MAX_STEPS: Final = 100_000


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one run.

    Attributes:
        seed: Its seed.
        steps: Steps of its loop.
        time: Virtual seconds it took.
        trace_hash: Equal for equal runs only.
        deviations: The answers that made it what it was; they replay it.
        failure: What it raised, None if it passed.
    """

    seed: int
    steps: int
    time: float
    trace_hash: str
    deviations: Mapping[Deviation, int]
    failure: BaseException | None


def run_seed(
    body: Body,
    seed: int,
    *,
    replay: Deviations | None = None,
    max_steps: int = MAX_STEPS,
    tell: Callable[[str], object] | None = None,
) -> Outcome:
    """Run `body(sim)` once.

    Args:
        body: An `async def` of one argument.
        seed: Decides everything; 0 is as good as any.
        replay: The deviations of an earlier run, for the same again; default: draw them by the seed.
        max_steps: Steps of the loop after which the run fails as endless; default 100,000.
        tell: Called with a line of text for what happens; default None.
    """
    decisions = Decisions(seed, replay=replay)
    trace = Trace(tell)
    loop = SimLoop(decisions, trace, max_steps=max_steps)
    sim = Simulation(loop)
    unhandled: list[BaseException | str] = []
    loop.set_exception_handler(
        lambda _, context: unhandled.append(context.get("exception") or str(context["message"]))
    )
    failure: BaseException | None = None
    collecting = gc.isenabled()
    gc.disable()
    try:
        loop.run_until_complete(loop.create_task(_whole(body, sim), name="test", context=Context()))
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001  # it is the outcome
        failure = error
    finally:
        loop.after_step = None
        _end(loop)
        if collecting:
            gc.enable()
    if failure is None and unhandled:
        failure = UnhandledInRun(unhandled)
    return Outcome(
        seed=seed,
        steps=loop.steps,
        time=loop.now,
        trace_hash=trace.hash(),
        deviations=decisions.made,
        failure=failure,
    )


async def _whole(body: Body, sim: Simulation) -> None:
    await body(sim)
    sim.finish()


def _end(loop: SimLoop) -> None:
    """Cancel what the test left, and close the loop."""
    try:
        left = asyncio.all_tasks(loop)
        for task in sorted(left, key=asyncio.Task.get_name):
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=60.0))
    finally:
        events.set_event_loop(None)
        loop.close()
