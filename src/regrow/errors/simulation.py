"""Errors of simulated tests: what failed, and how to see it again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from regrow.errors.base import show
from regrow.errors.testing import TestKitError

__all__ = (
    "BadSimulation",
    "BadToken",
    "InvariantBroken",
    "NotDeterministic",
    "ReplayDiffers",
    "SimulationFailed",
    "TasksLeft",
    "TooManySteps",
    "UnhandledInRun",
)

MOST_NAMES: Final = 10


class BadSimulation(TestKitError, TypeError):
    """A simulation that can't be run as it was asked for.

    Attributes:
        option: What is wrong.
        value: What was given.
    """

    def __init__(self, owner: str, option: str, value: object, allowed: str) -> None:
        self.option: str = option
        self.value: object = value
        super().__init__(f"{owner}: {option} has to be {allowed}, not {show(value)}")


class BadToken(TestKitError, ValueError):
    """A replay token that can't be replayed.

    Attributes:
        token: The token.
        why: What is wrong with it.
    """

    def __init__(self, token: str, why: str) -> None:
        self.token: str = token
        self.why: str = why
        super().__init__(f"the replay token {show(token)} can't be replayed: {why}")


class ReplayDiffers(TestKitError, AssertionError):
    """A replayed run isn't the one of its token.

    Attributes:
        token: The token.
        outcome: How the replayed run went: what it raised, None if it passed.
    """

    def __init__(self, token: str, outcome: BaseException | None) -> None:
        self.token: str = token
        self.outcome: BaseException | None = outcome
        went = "passed" if outcome is None else f"failed with {show(outcome)}"
        super().__init__(
            f"the run of the replay token {token} {went}, but it is another run than the one that made the"
            " token: the code, the test or what it gets has changed since. Run all seeds again; a failure"
            " then comes with a new token"
        )


class NotDeterministic(TestKitError, AssertionError):
    """The same seed gave two different runs: something in the test isn't decided by the seed.

    Attributes:
        seed: The seed.
        step: The number of the first note in which the two differ.
        first: What one of them did there.
        second: What the other did.
    """

    def __init__(self, seed: int, step: int, first: str, second: str) -> None:
        self.seed: int = seed
        self.step: int = step
        self.first: str = first
        self.second: str = second
        super().__init__(
            f"seed {seed} gave two different runs, which part at note {step}: {first} in one, {second} in the"
            " other. Something there is not decided by the seed: the order of a set, a clock or random"
            " numbers of the world, or what an earlier run left behind (module globals, caches)"
        )


class TasksLeft(TestKitError, AssertionError):
    """A simulated test returned and left tasks that wait for something.

    Attributes:
        tasks: Their names.
    """

    def __init__(self, tasks: Sequence[str]) -> None:
        self.tasks: tuple[str, ...] = tuple(tasks)
        more = [f"and {len(tasks) - MOST_NAMES} more"] if len(tasks) > MOST_NAMES else []
        super().__init__(
            f"the simulated test returned and left these tasks: {', '.join([*tasks[:MOST_NAMES], *more])};"
            " await or cancel them, and stop the Systems it started"
        )


class SimulationFailed(TestKitError, AssertionError):
    """A simulated test failed in one of its runs; `__cause__` is what it raised.

    Attributes:
        seed: The seed of the run.
        token: Replays the run, reduced to what it takes to fail.
        deviations: What it takes: the answers of the seed that weren't the plain ones, reduced.
        runs: How many seeds had passed before.
        story: The reduced run, step by step.
        command: The line that replays it.
    """

    def __init__(
        self,
        failure: BaseException,
        *,
        seed: int,
        token: str,
        deviations: Sequence[str],
        drawn: int,
        runs: int,
        story: str,
        command: str,
    ) -> None:
        self.seed: int = seed
        self.token: str = token
        self.deviations: tuple[str, ...] = tuple(deviations)
        self.runs: int = runs
        self.story: str = story
        self.command: str = command
        passed = f"after {runs} that passed" if runs else "the first that was run"
        takes = (
            f"it takes {len(deviations)} of the {drawn} deviations that the seed drew:"
            f" {', '.join(deviations)}"
            if deviations
            else "it fails without any deviation: with everything first come first served"
        )
        super().__init__(
            f"seed {seed} ({passed}) failed: {show(failure)}\n{takes}\n\n{story}\n\nreplay it:  {command}"
        )


class InvariantBroken(TestKitError, AssertionError):
    """An invariant of a simulated run did not hold.

    Attributes:
        name: Which one.
        kind: "always" or "eventually".
        at: Virtual time in seconds.
        until: When it should have come true, None for "always".
    """

    def __init__(self, name: str, kind: str, at: float, until: float | None) -> None:
        self.name: str = name
        self.kind: str = kind
        self.at: float = at
        self.until: float | None = until
        late = "" if until is None else f"; it should have come true by {until:g}"
        super().__init__(f"{kind} {name!r} does not hold at virtual time {at:g}{late}")


class TooManySteps(TestKitError, AssertionError):
    """A simulated run didn't end within its steps.

    Attributes:
        steps: How many it had.
        at: Virtual time in seconds.
        waiting: The names of the tasks that are left.
    """

    def __init__(self, steps: int, at: float, waiting: Sequence[str]) -> None:
        self.steps: int = steps
        self.at: float = at
        self.waiting: tuple[str, ...] = tuple(waiting)
        super().__init__(
            f"still running after {steps} steps, at virtual time {at:g}; these tasks are left:"
            f" {', '.join(waiting) or 'none'}; raise max_steps if the test is that long"
        )


class UnhandledInRun(TestKitError, AssertionError):
    """Exceptions that nobody asked for: of a callback, or of a task that nobody awaited.

    Attributes:
        errors: The exceptions, or texts where there is none.
    """

    def __init__(self, errors: Sequence[BaseException | str]) -> None:
        self.errors: tuple[BaseException | str, ...] = tuple(errors)
        super().__init__(f"nobody handled: {'; '.join(show(error) for error in errors)}")
