"""`@rt.simulate(...)`: a simulated test, for pytest or any other runner."""

from __future__ import annotations

import inspect
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial, wraps
from itertools import chain
from typing import Final, TypeAlias

from regrow.errors.simulation import BadSimulation, BadToken, ReplayDiffers, SimulationFailed
from regrow.testing.sim.decisions import Deviations
from regrow.testing.sim.explore import SEEDS, Options, checked_options, difference, runs
from regrow.testing.sim.faults import Faults
from regrow.testing.sim.fence.options import Fence
from regrow.testing.sim.run import MAX_STEPS, Body, Outcome, quiet
from regrow.testing.sim.shrink import shrink
from regrow.testing.sim.story import Story
from regrow.testing.sim.token import Token, digest, read_token, write_token

__all__ = ("REPLAY", "SEEDS_VARIABLE", "simulate")

REPLAY: Final = "REGROW_REPLAY"
"""Environment variable: the token of the run to replay."""
SEEDS_VARIABLE: Final = "REGROW_SEEDS"
"""Environment variable: how many seeds each simulated test runs."""
SHRINK_RUNS: Final = 500
PASSED_ON: Final = frozenset({"Exit", "SkipTest", "Skipped", "XFailed"})
"""What the runners raise to end a test without a failure: no reason to reduce anything."""

Test: TypeAlias = Callable[..., Awaitable[object]]


def simulate(
    *,
    seeds: int = SEEDS,
    start: int = 0,
    faults: Faults | None = None,
    fence: Fence | None = None,
    max_steps: int = MAX_STEPS,
    shrink_runs: int = SHRINK_RUNS,
    tokens: tuple[str, ...] = (),
    logs: bool = False,
) -> Callable[[Test], Callable[..., None]]:
    """Make an `async def` with a parameter `sim` a simulated test: a plain function that runs it by seeds.

    The seed decides what runs next, and every fault. At the first failure the run is reduced to the fewest
    deviations with which it still fails the same way, told step by step, and raised as `SimulationFailed`
    with a token that replays it::

        @rt.simulate(seeds=500)
        async def test_transfers(sim: rt.Simulation) -> None:
            async with rg.System([rg.child(Bank, name="bank")]) as system:
                ...

    Other parameters are the runner's: fixtures and parameters of pytest. A fixture is made once for all
    runs, so keep what a run changes in the test itself.

    Args:
        seeds: How many seeds. Default 200; `--regrow-seeds` or `REGROW_SEEDS` in the environment says
            otherwise.
        start: The first seed. Default 0.
        faults: What strikes by chance. Default nothing.
        fence: What the code under test may use that no seed decides. Default nothing.
        max_steps: Steps of the loop after which a run fails as endless. Default 100,000.
        shrink_runs: Most runs for reducing a failure. Default 500.
        tokens: Tokens of earlier failures, whose runs come first, also if they are other runs by now.
        logs: Whether log records are made. Default False: there would be those of all runs.

    Raises:
        BadSimulation: An option can't be used, or the function is no `async def` with a parameter `sim`.
        BadToken: One of `tokens` is none.
    """
    options = checked_options(
        "simulate", seeds=seeds, start=start, faults=faults, fence=fence, max_steps=max_steps, logs=logs
    )
    if type(shrink_runs) is not int or shrink_runs < 0:
        raise BadSimulation("simulate", "shrink_runs", shrink_runs, "a whole number from 0")
    earlier = tuple(read_token(token) for token in tokens)

    def decorate(test: Test) -> Callable[..., None]:
        signature = _signature(test)
        name = f"{test.__module__}.{test.__qualname__}"

        @wraps(test)
        def simulated(*args: object, **kwargs: object) -> None:
            __tracebackhide__ = True
            simulated_test = _Simulated(
                name, lambda sim: test(*args, sim=sim, **kwargs), options, shrink_runs
            )
            simulated_test.run(earlier)

        simulated.__signature__ = signature  # type: ignore[attr-defined]
        return simulated

    return decorate


def _signature(test: Test) -> inspect.Signature:
    """What a runner has to give."""
    if not inspect.iscoroutinefunction(test):
        raise BadSimulation("simulate", "test", test, "an async def function")
    signature = inspect.signature(test)
    if "sim" not in signature.parameters:
        raise BadSimulation("simulate", "test", test, "a function with a parameter named sim")
    others = [parameter for name, parameter in signature.parameters.items() if name != "sim"]
    return signature.replace(parameters=others, return_annotation=None)


class _Simulated:
    """One call of a simulated test."""

    def __init__(self, name: str, body: Body, options: Options, shrink_runs: int) -> None:
        self._name = name
        self._body = body
        self._options = options
        self._shrink_runs = shrink_runs

    def run(self, earlier: tuple[Token, ...]) -> None:
        """Replay, or run all seeds."""
        __tracebackhide__ = True
        options = self._options
        token = os.environ.get(REPLAY)
        many = _with_seeds(options)
        with quiet(logs=options.logs):
            if token:
                self._replay(token)
                return
            before = (self._again(one.seed, one.deviations) for one in earlier)
            for passed, outcome in enumerate(chain(before, runs(self._body, many))):
                self._look_at(outcome, passed)

    def _replay(self, text: str) -> None:
        __tracebackhide__ = True
        token = read_token(text)
        if token.test != digest(self._name):
            raise BadToken(text, f"another test than {self._name} made it")
        if token.options != digest(self._options.text):
            raise BadToken(text, "the test had other faults, fence, max_steps or logs when it was made")
        outcome = self._again(token.seed, token.deviations)
        if outcome.trace_hash != token.trace_hash:
            # The first run of a process loads modules and fills caches.
            outcome = self._again(token.seed, token.deviations)
        if outcome.trace_hash != token.trace_hash:
            raise ReplayDiffers(text, outcome.failure) from outcome.failure
        if outcome.failure is not None:
            raise self._failed(outcome, drawn=len(outcome.deviations), passed=0) from outcome.failure

    def _again(self, seed: int, deviations: Deviations, variant: int | None = None) -> Outcome:
        return self._options.play(self._body, seed, replay=deviations, variant=variant)[0]

    def _look_at(self, outcome: Outcome, passed: int) -> None:
        """Raise what a failing run comes to."""
        __tracebackhide__ = True
        failure = outcome.failure
        if failure is None:
            return
        if type(failure).__name__ in PASSED_ON:
            raise failure
        drawn = len(outcome.deviations)
        again = partial(self._again, outcome.seed)
        shrunk = shrink(outcome, again, most=self._shrink_runs)
        error = self._failed(shrunk.outcome, drawn=drawn, passed=passed)
        raise error from shrunk.outcome.failure

    def _failed(self, outcome: Outcome, *, drawn: int, passed: int) -> SimulationFailed:
        """The story of a failing run and how to have it again."""
        options, seed, deviations = self._options, outcome.seed, outcome.deviations
        story = Story()
        told, notes = options.play(self._body, seed, replay=deviations, tell=story.tell)
        if told.trace_hash != outcome.trace_hash:
            _, others = options.play(self._body, seed, replay=deviations)
            raise difference(seed, notes.notes, others.notes) from outcome.failure
        assert outcome.failure is not None
        token = write_token(self._name, options.text, seed, outcome.trace_hash, deviations)
        return SimulationFailed(
            outcome.failure,
            seed=seed,
            token=token,
            deviations=[f"{question} #{asked}: {answer}" for (question, asked), answer in deviations.items()],
            drawn=drawn,
            runs=passed,
            story=story.text(),
            command=_command(token),
        )


def _with_seeds(options: Options) -> Options:
    wanted = os.environ.get(SEEDS_VARIABLE)
    if not wanted:
        return options
    if not wanted.isdecimal() or not int(wanted):
        raise BadSimulation(SEEDS_VARIABLE, "its value", wanted, "a whole number of at least 1")
    return replace(options, seeds=int(wanted))


def _command(token: str) -> str:
    """What to type."""
    running = os.environ.get("PYTEST_CURRENT_TEST")
    if running is None:
        return f"{REPLAY}={token}"
    return f"pytest '{running.rpartition(' (')[0]}' --regrow-replay {token}"
