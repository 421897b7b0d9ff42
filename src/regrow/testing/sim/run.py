"""One run of a simulated test, from a seed or from the answers of an earlier run."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from contextvars import Context
from importlib import import_module
from typing import Final, TypeAlias

import msgspec

from regrow.errors.simulation import InvariantBroken, TasksLeft, TooManySteps, UnhandledInRun
from regrow.errors.testing import Deadlock
from regrow.testing.sim.decisions import Decisions, Deviation, Deviations
from regrow.testing.sim.faults import Faults
from regrow.testing.sim.fence.guards import FencedRun, fencing
from regrow.testing.sim.fence.install import fenced
from regrow.testing.sim.fence.options import Fence
from regrow.testing.sim.loop import SimLoop
from regrow.testing.sim.machines import clear_graves
from regrow.testing.sim.simulation import Simulation
from regrow.testing.sim.telling import TellingTrace
from regrow.testing.sim.trace import Trace
from regrow.testing.sim.unhandled import Unhandled

__all__ = ("MAX_STEPS", "NO_FAULTS", "Body", "Outcome", "noted_run", "quiet", "run_seed")

# What is first loaded within a run may be a step of it.
for _module in ("regrow.runtime.system", "regrow.delivery.service"):
    import_module(_module)

Body: TypeAlias = Callable[[Simulation], Awaitable[object]]
MAX_STEPS: Final = 100_000
NO_FAULTS: Final = Faults()
CLOSED: Final = Fence()
UNCOLLECTED: Final = 250
"""After how many runs all that runs have left is looked through."""
LOOKS: Final = 10
"""After how many such looks all of the memory is: it takes as long as ten runs."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one run.

    Attributes:
        seed: Its seed.
        steps: Steps of its loop.
        time: Virtual seconds it took.
        trace_hash: Equal for equal runs only.
        deviations: The answers that made it what it was; they replay it.
        failure: What it raised, None if it passed.
        faults: How many faults struck, by kind.
    """

    seed: int
    steps: int
    time: float
    trace_hash: str
    deviations: Mapping[Deviation, int]
    failure: BaseException | None
    faults: Mapping[str, int]


def run_seed(
    body: Body,
    seed: int,
    *,
    faults: Faults = NO_FAULTS,
    fence: Fence = CLOSED,
    replay: Deviations | None = None,
    max_steps: int = MAX_STEPS,
    tell: Callable[[str], object] | None = None,
    logs: bool = False,
) -> Outcome:
    """Run `body(sim)` once.

    Args:
        body: An `async def` of one argument.
        seed: Decides everything; 0 is as good as any.
        faults: What strikes by chance; default nothing.
        fence: What may be used that no seed decides; default nothing.
        replay: The deviations of an earlier run, for the same again; default: draw them by the seed.
        max_steps: Steps of the loop after which the run fails as endless; default 100,000.
        tell: Called with a line of text for what happens; default None.
        logs: Whether log records are made, which are steps of their own; default False.
    """
    with quiet(logs=logs):
        run = noted_run(body, seed, faults=faults, fence=fence, replay=replay, max_steps=max_steps, tell=tell)
    return run[0]


def noted_run(
    body: Body,
    seed: int,
    *,
    faults: Faults = NO_FAULTS,
    fence: Fence = CLOSED,
    replay: Deviations | None = None,
    variant: int | None = None,
    max_steps: int = MAX_STEPS,
    tell: Callable[[str], object] | None = None,
) -> tuple[Outcome, Trace]:
    """As `run_seed`, with the trace, and with logging as it is; for `variant` see `Decisions`."""
    clear_graves()
    _collect_now_and_then()
    trace = Trace() if tell is None else TellingTrace(tell)
    with Unhandled() as unhandled, _no_collector():
        decisions = Decisions(seed, replay=replay, variant=variant)
        outcome = _run(body, decisions, trace, unhandled, faults, fence, max_steps)
        del decisions  # they know the tasks that they ranked, and these know everything
        # Whose exceptions and coroutines are lost is only known when they are thrown away. What the run
        # made is all in the youngest generation.
        gc.collect(0)
    if outcome.failure is None and unhandled.found:
        outcome = msgspec.structs.replace(outcome, failure=UnhandledInRun(unhandled.found))
    clear_graves()
    return outcome, trace


@contextmanager
def quiet(*, logs: bool) -> Generator[None]:
    """Inside, the fence is up, and no log records are made, unless they are wanted.

    Whether somebody reads them must not decide what a run is.
    """
    before = logging.root.manager.disable
    if not logs and before < logging.CRITICAL:
        logging.disable(logging.CRITICAL)
    try:
        with fenced():
            yield
    finally:
        if logging.root.manager.disable != before:
            logging.disable(before)


def _run(  # noqa: PLR0917  # all of them differ
    body: Body,
    decisions: Decisions,
    trace: Trace,
    unhandled: Unhandled,
    faults: Faults,
    fence: Fence,
    max_steps: int,
) -> Outcome:
    loop = SimLoop(decisions, trace, max_steps=max_steps)
    loop.set_exception_handler(unhandled.told)
    sim = Simulation(loop, faults, fence)
    with fencing(sim.fenced) as run:
        return _fenced_run(body, loop, sim, run)


def _fenced_run(body: Body, loop: SimLoop, sim: Simulation, run: FencedRun) -> Outcome:
    decisions = loop.decisions
    try:
        failure = _failure(body, loop, sim)
        return Outcome(
            seed=decisions.seed,
            steps=loop.steps,
            time=loop.now,
            trace_hash=loop.trace.hash(decisions.made),
            deviations=dict(decisions.made),
            failure=run.broken or failure,
            faults=sim.faults,
        )
    finally:
        run.over = True
        _clean(loop)


def _failure(body: Body, loop: SimLoop, sim: Simulation) -> BaseException | None:
    """Run the body and what is ready after it: what fails, None if nothing does."""
    task = loop.create_task(_whole(body, sim), name="test", context=Context())
    try:
        loop.run_until_complete(task)
        loop.drain()
        left = [one.get_name() for one in loop.live]
    except (SystemExit, KeyboardInterrupt):
        raise
    except Deadlock as deadlock:
        return _broken(sim, deadlock) or deadlock
    except BaseException as error:  # noqa: BLE001  # it is the outcome
        return error
    return TasksLeft(left) if left else None


def _broken(sim: Simulation, deadlock: Deadlock) -> BaseException | None:
    """What was to come true and now never can."""
    try:
        sim.finish()
    except InvariantBroken as error:
        error.__cause__ = deadlock
        return error
    return None


async def _whole(body: Body, sim: Simulation) -> None:
    await body(sim)
    sim.finish()


def _clean(loop: SimLoop) -> None:
    """Cancel what the test left, and close the loop."""
    loop.clean()
    try:
        left = list(loop.live)
        for task in left:
            task.cancel()
        # What can't be ended has been told: the run has failed, and its tasks are left.
        with suppress(Deadlock, TooManySteps):
            if left:
                loop.run_until_complete(asyncio.wait(left, timeout=60.0))
            if loop.has_generators:
                loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


def _collect_now_and_then() -> None:
    """Throw away what globals of the test's kept of earlier runs: nobody else does."""
    _, runs, looks = gc.get_count()
    if looks >= LOOKS:
        gc.collect()
    elif runs >= UNCOLLECTED:
        gc.collect(1)


@contextmanager
def _no_collector() -> Generator[None]:
    """Inside, nothing is thrown away at moments that depend on what ran before."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
