"""Errors of a System as a whole: its state, its loop and thread, its services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regrow.errors.base import RegrowError, show

if TYPE_CHECKING:
    from regrow.core.reasons import ExitReason

__all__ = (
    "AlreadyAProcess",
    "AlreadyStarted",
    "ForkedSystem",
    "LoopRunning",
    "LoopThread",
    "NoSuchService",
    "NotStarted",
    "NotSuspendable",
    "StopTimeout",
    "SystemFailed",
    "SystemStateError",
    "UnsupervisedTask",
    "WrongLoop",
    "WrongThread",
    "ZombieProcess",
)


class SystemStateError(RegrowError):
    """The System can't do that in its state."""


class NotStarted(SystemStateError):
    """The System is not running."""

    def __init__(self, name: str, state: str) -> None:
        super().__init__(
            f"system {name!r} is {state}; use it inside `async with system:` or after await system.start()"
        )


class AlreadyStarted(SystemStateError):
    """A System starts once at a time."""

    def __init__(self, name: str, state: str) -> None:
        super().__init__(
            f"system {name!r} is {state}; stop it before you start it again, or make another System"
        )


class SystemFailed(SystemStateError):
    """The root supervisor gave up; the body of `async with System` was cancelled. `reason` says why."""

    def __init__(self, name: str, reason: ExitReason) -> None:
        self.reason = reason
        super().__init__(f"system {name!r} failed: its root supervisor ended with {show(reason)}")


class StopTimeout(SystemStateError, TimeoutError):
    """The tree was not down within the deadline and was killed."""

    def __init__(self, name: str, seconds: float) -> None:
        super().__init__(f"system {name!r} was not down after {seconds:g} s; what was left of it was killed")


class ForkedSystem(SystemStateError):
    """The process was forked after the System started; in the child it is dead."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"system {name!r} was started before a fork and can't be used in the child; "
            "start a new System there"
        )


class WrongThread(SystemStateError):
    """The System's loop runs in another thread."""

    def __init__(self, operation: str) -> None:
        super().__init__(
            f"{operation} from a thread that doesn't run the system's loop; use ref.from_thread there"
        )


class WrongLoop(SystemStateError):
    """Another event loop than the System's."""

    def __init__(self, operation: str) -> None:
        super().__init__(
            f"{operation} from another event loop than the system's; "
            "a System belongs to the loop it was started on"
        )


class LoopThread(SystemStateError):
    """`ref.from_thread` on the loop's own thread: it would wait for itself."""

    def __init__(self, operation: str) -> None:
        super().__init__(
            f"{operation} on the system's own loop would wait for itself; use the plain call or cast there"
        )


class ZombieProcess(SystemStateError):
    """A process that was killed and didn't end; the world went on without it."""

    def __init__(self, pid: object) -> None:
        super().__init__(
            f"{pid} was killed and is out of its kill grace; it may do nothing more: "
            "let CancelledError end it"
        )


class UnsupervisedTask(SystemStateError):
    """Strict mode: a task that no process owns."""

    def __init__(self, what: str, where: str | None = None) -> None:
        self.where = where
        super().__init__(
            f"strict mode refuses {what}{f', made at {where}' if where else ''}: no process owns it; make it "
            "inside a process, under a TaskSupervisor (rg.start_task), or in `async with system.guest()`"
        )


class LoopRunning(SystemStateError):
    """`system.run()` where an event loop runs already; it makes one of its own."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"system {name!r}: run() makes an event loop of its own and blocks, and here one is running; "
            "use `async with system:` instead"
        )


class AlreadyAProcess(SystemStateError):
    """`system.guest()` in a process, or in a guest: a task is one process at a time."""

    def __init__(self, pid: object) -> None:
        self.pid = pid
        super().__init__(
            f"this code runs in {pid} already; it can't be a guest too: use that process, or another task"
        )


class NoSuchService(SystemStateError, LookupError):
    """The System was given no service of that name."""

    def __init__(self, name: object, known: tuple[str, ...]) -> None:
        self.name = name
        allowed = ", ".join(repr(one) for one in known) or "none, it has no services"
        super().__init__(
            f"no service {show(name)}: allowed is {allowed}; give it as rg.System(..., services=[...])"
        )


class NotSuspendable(SystemStateError):
    """`system.suspend()` of a process that is no server: it takes its messages itself."""

    def __init__(self, pid: object) -> None:
        self.pid = pid
        super().__init__(
            f"{pid} is no server and can't be suspended: it takes its messages itself, by rg.receive()"
        )
