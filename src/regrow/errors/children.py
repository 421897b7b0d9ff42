"""Errors of starting processes, and of supervisors about their children."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regrow.errors.base import RegrowError, show

if TYPE_CHECKING:
    from regrow.core.reasons import ExitReason

__all__ = (
    "BadInitResult",
    "ChildAlreadyPresent",
    "ChildAlreadyStarted",
    "ChildError",
    "ChildRestarting",
    "ChildRunning",
    "ChildStartFailed",
    "InitFailed",
    "NoSuchChild",
    "NoSuchPartition",
    "StartError",
    "StartTimeout",
    "TooManyChildren",
)


class StartError(RegrowError):
    """A process could not be started."""


class InitFailed(StartError):
    """`init` raised, stopped, or returned nonsense. `reason` says what."""

    def __init__(self, who: str, reason: ExitReason) -> None:
        self.who = who
        self.reason = reason
        super().__init__(f"{who} failed in init: {show(reason)}; what had started was stopped again")


class StartTimeout(StartError, TimeoutError):
    """`init` did not return within the start timeout; the process was killed."""

    def __init__(self, who: str, seconds: float) -> None:
        self.who = who
        self.seconds = seconds
        super().__init__(
            f"{who} was not up after {seconds:g} s and was killed; "
            "give init less to do (rg.Continue) or a larger start_timeout"
        )


class BadInitResult(StartError, TypeError):
    """`init` returned something else than None, rg.Continue(...) or rg.Ignore."""

    def __init__(self, who: str, value: object) -> None:
        super().__init__(
            f"init of {who} returned {show(value)}; allowed are None, rg.Continue(value) and rg.Ignore"
        )


class ChildStartFailed(StartError):
    """A supervisor could not start a child; its earlier children were stopped again."""

    def __init__(self, child_id: object, reason: ExitReason) -> None:
        self.child_id = child_id
        self.reason = reason
        super().__init__(
            f"child {child_id!r} did not start: {show(reason)}; the children started before it were stopped"
        )


class ChildError(RegrowError):
    """A child of a supervisor is not in the state that the operation needs."""


class NoSuchChild(ChildError, LookupError):
    """No child has that id (or Pid)."""

    def __init__(self, child_id: object) -> None:
        self.child_id = child_id
        super().__init__(f"no child {show(child_id)}; which_children() lists them")


class ChildRunning(ChildError):
    """The child runs; terminate it first."""

    def __init__(self, child_id: object) -> None:
        self.child_id = child_id
        super().__init__(f"child {child_id!r} is running; terminate_child it first")


class ChildRestarting(ChildError):
    """The child is being restarted."""

    def __init__(self, child_id: object) -> None:
        self.child_id = child_id
        super().__init__(f"child {child_id!r} is restarting; ask again when it is up, or terminate_child it")


class ChildAlreadyStarted(ChildError):
    """A child with that id runs. `pid` is its process."""

    def __init__(self, child_id: object, pid: object) -> None:
        self.child_id = child_id
        self.pid = pid
        super().__init__(f"child {child_id!r} is running as {pid}; give the new one another id")


class ChildAlreadyPresent(ChildError):
    """A child with that id is there, not running."""

    def __init__(self, child_id: object) -> None:
        self.child_id = child_id
        super().__init__(
            f"child {child_id!r} is there but not running; restart_child it, or delete_child it first"
        )


class TooManyChildren(ChildError):
    """A dynamic supervisor is at its `max_children`."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(
            f"there are {limit} children, the limit of this supervisor; "
            "wait for one to end or raise max_children"
        )


class NoSuchPartition(RegrowError):
    """The reference is no PartitionSupervisor's."""

    def __init__(self, target: object) -> None:
        super().__init__(f"{show(target)} is not a PartitionSupervisor of this system")
