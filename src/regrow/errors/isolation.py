"""What is wrong when a test doesn't leave the world as it found it, or uses the guards the wrong way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from regrow.errors.base import show
from regrow.errors.testing import TestKitError

if TYPE_CHECKING:
    from regrow.core.address import Address
    from regrow.core.reasons import ExitReason

__all__ = (
    "AlreadyIsolated",
    "BisectError",
    "ChildIgnored",
    "Contaminated",
    "CrashMissing",
    "GuardUsed",
    "KitNotOpen",
    "KitSupervisorEnded",
    "LeaksFound",
    "NoKitSystem",
    "NotCollected",
    "NotPolluted",
    "NotStartedHere",
    "PackageNotFound",
    "RunBroken",
    "StaleOptOut",
    "StopFailed",
    "TeardownFailed",
    "UnexpectedCrash",
    "VictimFailsAlone",
)


MAX_LISTED = 20


def _listed(found: Sequence[object]) -> str:
    """The first of them, a line each; what reads the same stands there once."""
    texts = Counter(str(one) for one in found)
    lines = [f"  {text}" if count == 1 else f"  {count} times {text}" for text, count in texts.items()]
    more = len(lines) - MAX_LISTED
    return "\n".join([*lines[:MAX_LISTED], *([f"  and {more} more"] if more > 0 else [])])


class TeardownFailed(ExceptionGroup[Exception], TestKitError, AssertionError):
    """The end of a kit found errors: `exceptions` has them all, the test's own first if it raised one.

    If one of them is no `Exception`, as a cancellation isn't, they come in a plain `BaseExceptionGroup`.
    """

    @classmethod
    def of(cls, what: str, errors: Sequence[Exception]) -> TeardownFailed:
        """The group of the errors at the end of `what`."""
        return cls(f"{what} did not end well", errors)

    def derive(self, excs: Sequence[Exception], /) -> TeardownFailed:  # type: ignore[override]  # all are Exceptions
        """A group of a part of them, for `except*`."""
        return TeardownFailed(self.message, excs)


class UnexpectedCrash(TestKitError, AssertionError):
    """A process of `spawn_supervised` ended abnormally, and the test didn't say that it would.

    Attributes:
        pid: The process.
        reason: Its exit reason.
    """

    def __init__(self, pid: Address, reason: ExitReason, story: str) -> None:
        self.pid: Address = pid
        self.reason: ExitReason = reason
        super().__init__(f"{pid} crashed; if it is meant to, say kit.expect_crash(pid): {story}")


class CrashMissing(TestKitError, AssertionError):
    """A process was expected to crash and didn't, or not so.

    Attributes:
        pid: The process.
        expected: What was expected.
    """

    def __init__(self, pid: Address, expected: str, seen: str) -> None:
        self.pid: Address = pid
        self.expected: str = expected
        super().__init__(f"{pid} was expected to crash with {expected}; it {seen}")


class StopFailed(TestKitError, AssertionError):
    """A test's process did not end in order when the kit stopped it.

    Attributes:
        pid: The process.
        reason: Its exit reason; `rg.KILLED` if it took longer than its `shutdown`.
    """

    def __init__(self, pid: Address, reason: ExitReason, story: str) -> None:
        self.pid: Address = pid
        self.reason: ExitReason = reason
        super().__init__(f"{pid} did not stop in order: {story}")


class KitSupervisorEnded(TestKitError, AssertionError):
    """The supervisor of a test's processes has ended before the test, and they with it.

    Attributes:
        reason: Its exit reason.
    """

    def __init__(self, reason: ExitReason, story: str) -> None:
        self.reason: ExitReason = reason
        super().__init__(
            f"the supervisor of the test's processes ended before the test did ({story}), and all of them"
            " with it: a child that keeps crashing used up its restart budget, or somebody ended it"
        )


class ChildIgnored(TestKitError):
    """`init` of what `start_supervised` was to start returned `rg.Ignore`, so there is no process.

    Attributes:
        child_id: The child's id.
    """

    def __init__(self, child_id: str) -> None:
        self.child_id: str = child_id
        super().__init__(f"init of {child_id!r} returned rg.Ignore: there is no process to give to the test")


class NotStartedHere(TestKitError, LookupError):
    """A Pid that this kit didn't start, or has stopped already.

    Attributes:
        value: What was given.
    """

    def __init__(self, value: object) -> None:
        self.value: object = value
        super().__init__(
            f"{show(value)} was not started by this kit, or was stopped already; give the Pid that"
            " start_supervised or spawn_supervised returned"
        )


class KitNotOpen(TestKitError):
    """A kit was used outside its `async with` block, or entered a second time.

    Attributes:
        test_id: Whose kit it is.
    """

    def __init__(self, test_id: str, *, entered: bool = False) -> None:
        self.test_id: str = test_id
        problem = "open already: one kit is for one block" if entered else "used outside its async with block"
        super().__init__(f"the kit of {test_id} is {problem}")


class NoKitSystem(TestKitError):
    """A kit of mode `"basic"` that was given no System was asked for one.

    Attributes:
        test_id: Whose kit it is.
    """

    def __init__(self, test_id: str) -> None:
        self.test_id: str = test_id
        super().__init__(
            f"the kit of {test_id} has no System: mode 'basic' makes none; give it one, by system=, or take"
            " mode='registry'"
        )


class AlreadyIsolated(TestKitError):
    """Two tests of one OS process were to have its global state for themselves at the same time.

    Attributes:
        holder: The test that has it.
        asker: The one that wanted it as well.
    """

    def __init__(self, holder: str, asker: str) -> None:
        self.holder: str = holder
        self.asker: str = asker
        super().__init__(
            f"{asker} can't have environment, working directory and the like for itself: {holder} has them."
            ' Run one after the other, in workers of their own, or with mode="registry"'
        )


class LeaksFound(TestKitError, AssertionError):
    """A test left something behind.

    Attributes:
        leaks: What, as `rt.Leak`.
    """

    def __init__(self, leaks: Sequence[object]) -> None:
        self.leaks: tuple[object, ...] = tuple(leaks)
        super().__init__(f"the test left behind:\n{_listed(leaks)}")


class Contaminated(TestKitError, AssertionError):
    """A test changed global state and didn't put it back.

    Attributes:
        changes: What, as `rt.Change`.
    """

    def __init__(self, changes: Sequence[object]) -> None:
        self.changes: tuple[object, ...] = tuple(changes)
        super().__init__(f"the test changed what is not its own and didn't put it back:\n{_listed(changes)}")


class GuardUsed(TestKitError):
    """A guard was entered a second time.

    Attributes:
        owner: Which guard: the function that makes it.
    """

    def __init__(self, owner: str) -> None:
        self.owner: str = owner
        super().__init__(f"this guard was entered before: one is for one block, so call {owner}() for each")


class PackageNotFound(TestKitError, LookupError):
    """There is no module or package of the name that was given as the one under test.

    Attributes:
        name: The name.
    """

    def __init__(self, name: str) -> None:
        self.name: str = name
        super().__init__(
            f"package={name!r} was not found: give the name by which the package under test is imported, and"
            " have it installed or its folder on sys.path"
        )


class StaleOptOut(TestKitError, AssertionError):
    """What a guard was told to let pass did not happen.

    Attributes:
        allow: The entries that were not needed.
        reason: Why they were there.
    """

    def __init__(self, owner: str, allow: Sequence[str], reason: str) -> None:
        self.allow: tuple[str, ...] = tuple(allow)
        self.reason: str = reason
        super().__init__(
            f"{owner}(allow={self.allow!r}, reason={reason!r}) was not needed: take it away, or it will hide"
            " the next one"
        )


class BisectError(TestKitError):
    """The search for the test that pollutes another came to no result."""


class VictimFailsAlone(BisectError):
    """The test fails by itself, so nobody pollutes it.

    Attributes:
        victim: The test.
    """

    def __init__(self, victim: str) -> None:
        self.victim: str = victim
        super().__init__(f"{victim} fails when it runs alone: no other test is to blame")


class NotPolluted(BisectError):
    """The test passes after all the suspects together.

    Attributes:
        victim: The test.
        suspects: How many suspects there were.
    """

    def __init__(self, victim: str, suspects: int) -> None:
        self.victim: str = victim
        self.suspects: int = suspects
        super().__init__(
            f"{victim} passes after all {suspects} suspects: it is not their order, or it doesn't always fail"
        )


class NotCollected(BisectError):
    """The test is not among those that there are.

    Attributes:
        victim: The test that was asked for.
    """

    def __init__(self, victim: str, count: int) -> None:
        self.victim: str = victim
        super().__init__(f"{victim!r} is none of the {count} tests that were collected; give its whole id")


class RunBroken(BisectError):
    """A run of the tests told nothing of the victim.

    Attributes:
        victim: The test; None for a run that only collects.
        output: The end of what the run wrote.
    """

    def __init__(self, victim: str | None, output: str) -> None:
        self.victim: str | None = victim
        self.output: str = output
        what = "the run collected no tests" if victim is None else f"the run did not get to {victim}"
        super().__init__(f"{what}; it ended with:\n{output}")
