"""Errors of the test kit. All that say that a test failed are AssertionErrors as well."""

from __future__ import annotations

from collections.abc import Sequence

from regrow.errors.base import RegrowError, show

__all__ = ("Deadlock", "FenceBroken", "InvariantBroken", "TestKitError", "TooManySteps", "UnhandledInRun")


class TestKitError(RegrowError):
    """Base of what the test kit raises."""

    __test__ = False


class Deadlock(TestKitError, AssertionError):
    """Nothing can ever happen again: nothing is ready, no timer is set, no file or thread speaks up.

    Attributes:
        at: virtual time in seconds.
        waiting: the names of the tasks that wait.
    """

    def __init__(self, at: float, waiting: Sequence[str]) -> None:
        self.at: float = at
        self.waiting: tuple[str, ...] = tuple(waiting)
        super().__init__(
            f"nothing can happen any more at virtual time {at}: nothing is ready and no timer is due;"
            f" these wait: {', '.join(waiting) or 'nobody'}"
        )


class FenceBroken(TestKitError, AssertionError):
    """A simulated run reached for the real world.

    Attributes:
        what: what it reached for.
    """

    def __init__(self, what: str) -> None:
        self.what: str = what
        super().__init__(
            f"a simulated run used {what}: nothing real is allowed in it; give the code a stand-in, or test it"
            " outside the simulation"
        )


class InvariantBroken(TestKitError, AssertionError):
    """An invariant of a simulated run did not hold.

    Attributes:
        name: which one.
        kind: "always" or "eventually".
        at: virtual time in seconds.
        until: when it should have come true, None for "always".
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
        steps: how many it had.
        at: virtual time in seconds.
        waiting: the names of the tasks that are left.
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
        errors: the exceptions, or texts where there is none.
    """

    def __init__(self, errors: Sequence[BaseException | str]) -> None:
        self.errors: tuple[BaseException | str, ...] = tuple(errors)
        super().__init__(f"nobody handled: {'; '.join(show(error) for error in errors)}")
