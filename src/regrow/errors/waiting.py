"""Errors of waits in tests: what didn't come true in time, and what could not be waited for."""

from __future__ import annotations

from collections.abc import Sequence

from regrow.errors.base import show
from regrow.errors.testing import TestKitError

__all__ = (
    "BadWait",
    "BecameTrue",
    "NeverIdle",
    "NotAllTrue",
    "NotHandled",
    "NotReady",
    "NotRestarted",
    "StillAlive",
    "WaitFailed",
)


class BadWait(TestKitError, ValueError):
    """A wait was given what it can't work with.

    Attributes:
        value: What was given.
    """

    def __init__(self, value: object, problem: str) -> None:
        super().__init__(f"{show(value)} can't be used: {problem}")
        self.value: object = value


class WaitFailed(TestKitError, AssertionError):
    """What was waited for did not come true in time.

    Attributes:
        awaited: What was waited for, as text.
        timeout: Seconds.
        value: What the predicate returned last; None if it never returned.
        error: What the predicate raised at last; None if it returned.
        world: The processes and mailboxes of the Systems on the loop, as text.
    """

    def __init__(
        self,
        awaited: str,
        timeout: float,
        *,
        last: str,
        value: object = None,
        error: BaseException | None = None,
        world: str = "",
    ) -> None:
        self.awaited: str = awaited
        self.timeout: float = timeout
        self.value: object = value
        self.error: BaseException | None = error
        self.world: str = world
        super().__init__("\n".join(filter(None, [f"not within {timeout:g} s: {awaited}", last, world])))


class NotAllTrue(WaitFailed):
    """A predicate did not come true of every item in time.

    Attributes:
        late: The items of which it didn't.
    """

    def __init__(
        self, awaited: str, timeout: float, *, late: Sequence[tuple[object, str]], count: int, world: str
    ) -> None:
        self.late: tuple[object, ...] = tuple(item for item, _ in late)
        rows = [f"  {show(item)}: {last}" for item, last in late]
        text = "\n".join([f"for {len(rows)} of {count}:", *rows])
        super().__init__(awaited, timeout, last=text, value=self.late, world=world)


class NotHandled(WaitFailed):
    """A server had not handled a message in time.

    Attributes:
        pid: The server.
        message: The message.
    """

    def __init__(self, pid: object, message: object, timeout: float, world: str) -> None:
        self.pid: object = pid
        self.message: object = message
        super().__init__(f"{pid} has handled {show(message)}", timeout, last="it goes on", world=world)


class StillAlive(WaitFailed):
    """A process did not end in time.

    Attributes:
        pid: The process, or the Ref that was given.
    """

    def __init__(self, pid: object, timeout: float, world: str) -> None:
        self.pid: object = pid
        super().__init__(f"the end of {pid}", timeout, last="it lives", world=world)


class NotRestarted(WaitFailed):
    """Nobody took the place of a process in time.

    Attributes:
        pid: The process that was to be replaced.
        alive: Whether it still lives.
    """

    def __init__(self, pid: object, timeout: float, *, alive: bool, world: str) -> None:
        self.pid: object = pid
        self.alive: bool = alive
        last = "it lives" if alive else "it has ended, and nobody has taken its place"
        super().__init__(f"a restart of {pid}", timeout, last=last, world=world)


class NotReady(WaitFailed):
    """A tree was not up in time.

    Attributes:
        missing: What was not up.
    """

    def __init__(self, target: object, timeout: float, missing: Sequence[str], world: str) -> None:
        self.missing: tuple[str, ...] = tuple(missing)
        last = f"not up: {', '.join(missing)}"
        super().__init__(f"{target} is ready", timeout, last=last, world=world)


class BecameTrue(TestKitError, AssertionError):
    """What should never have come true did.

    Attributes:
        watched: What was watched, as text.
        after: Seconds after the beginning.
        value: What the predicate returned.
        world: The processes and mailboxes of the Systems on the loop, as text.
    """

    def __init__(self, watched: str, after: float, value: object, world: str = "") -> None:
        self.watched: str = watched
        self.after: float = after
        self.value: object = value
        self.world: str = world
        text = f"true after {after:g} s, and never should be: {watched}\nit returned {show(value)}"
        super().__init__("\n".join(filter(None, [text, world])))


class NeverIdle(TestKitError, AssertionError):
    """The loop did not come to rest: something always had something to do.

    Attributes:
        busy: Processes that had something to do at last.
        world: The processes and mailboxes of the Systems on the loop, as text.
    """

    def __init__(self, waited: str, busy: Sequence[object], world: str) -> None:
        self.busy: tuple[object, ...] = tuple(busy)
        self.world: str = world
        who = ", ".join(str(one) for one in busy) or "no process, so a task or callback"
        super().__init__(
            f"not idle after {waited}; at work: {who}; if that is right, wait for what you need by"
            f" wait_for instead\n{world}"
        )
