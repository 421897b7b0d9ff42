"""Errors of calls and their answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from regrow.errors.base import RegrowError, show

if TYPE_CHECKING:
    from regrow.core.reasons import ExitReason

__all__ = (
    "AlreadyReplied",
    "BadReply",
    "CallCycle",
    "CallError",
    "CallFromHandler",
    "CallRefused",
    "CallTimeout",
    "CallToSelf",
    "NoProcess",
    "NoReplyExpected",
    "ProcessExited",
    "ReplyLost",
    "UnknownCall",
    "WrongKind",
    "WrongServer",
)


class CallError(RegrowError):
    """A call that got no answer. You don't get it for a declared exception: that is the answer."""


class ProcessExited(CallError):
    """The callee died before it answered. `reason` is its exit reason, `target` who it was."""

    def __init__(self, reason: ExitReason, target: object = "") -> None:
        self.reason = reason
        self.target = target
        super().__init__()

    def __str__(self) -> str:
        # Built when it is read: a crash fails many callers, and few of them print it.
        who = f"{self.target} " if self.target else "the process "
        return (
            f"{who}exited with reason {show(self.reason)} before it answered; "
            "its supervisor may restart it: call again by name"
        )

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.reason, str(self.target)))


class NoProcess(CallError):
    """Nobody is there: the name is not registered, or the Pid's process has ended."""

    def __init__(self, target: object) -> None:
        self.target = target
        super().__init__(
            f"no process {show(target)}: the name is free or the process has ended; "
            "start it, or use a Ref by name, which follows restarts"
        )


class CallTimeout(CallError, TimeoutError):
    """No answer in time. The callee may still handle the request; its late reply goes nowhere."""

    def __init__(self, target: object, message: object, timeout: float, owner: object = None) -> None:
        self.target = target
        self.request = message
        self.timeout = timeout
        self.owner = owner
        whose = (
            f"the deadline of the request that {owner} is handling"
            if owner
            else f"its timeout of {timeout:g} s"
        )
        super().__init__(
            f"call {show(message)} to {target} got no answer within {whose}; "
            "a request not yet begun is dropped, a handler that has begun goes on"
        )


class CallRefused(CallError):
    """A call that can't be right and was not sent."""


class CallToSelf(CallRefused):
    """A process called itself: it would wait for its own answer for ever."""

    def __init__(self, target: object, message: object) -> None:
        self.target = target
        super().__init__(f"{target} called itself with {show(message)}; call the method directly, or cast")


class CallCycle(CallRefused):
    """The callee is waiting, through other calls, for the caller. `cycle` names the processes in order."""

    def __init__(self, cycle: Sequence[object]) -> None:
        self.cycle: tuple[object, ...] = tuple(cycle)
        path = " -> ".join(str(pid) for pid in (*self.cycle, self.cycle[0]))
        super().__init__(
            f"call cycle {path}: each waits for the next; "
            "answer later (rg.reply_later) or cast instead of one call"
        )


class CallFromHandler(CallRefused):
    """A `def` handler called another process; it can't wait."""

    def __init__(self, caller: object, message: object) -> None:
        self.caller = caller
        super().__init__(
            f"{caller} called {show(message)} from a def handler; make that handler async def, or cast"
        )


class UnknownCall(CallError):
    """The server has no handler for that message. The server lives on."""

    def __init__(self, server: type, message: object) -> None:
        self.server = server
        self.request = message
        super().__init__(
            f"{server.__qualname__} has no call handler for {show(message)}; write one with @rg.call"
        )


class WrongServer(RegrowError, TypeError):
    """A message made for another server class."""

    def __init__(self, server: type, message: object, kinds: str) -> None:
        self.server = server
        super().__init__(
            f"{server.__qualname__} takes no {show(message)}: allowed are {kinds} messages "
            f"of its own class and its bases, made like {server.__qualname__}.handler(...)"
        )


class WrongKind(RegrowError, TypeError):
    """A call message was cast, or a cast message called."""

    def __init__(self, message: object, kind: str) -> None:
        self.message = message
        used = "cast" if kind == "call" else "called"
        super().__init__(
            f"{show(message)} is a {kind} message and can't be {used}: use ref.{kind}(...) for it"
        )


class ReplyLost(CallError):
    """The callee dropped the reply handle that it took for this call."""

    def __init__(self, target: object, message: object) -> None:
        self.target = target
        super().__init__(
            f"{target} took a reply handle for {show(message)} and dropped it unanswered; "
            "keep it until reply() or fail()"
        )


class AlreadyReplied(RegrowError):
    """A reply handle is good for one answer."""

    def __init__(self) -> None:
        super().__init__("the call was answered already; a reply handle is good for one reply() or fail()")


class BadReply(RegrowError, TypeError):
    """`ReplyHandle.fail` got something that is no exception."""

    def __init__(self, value: object) -> None:
        super().__init__(f"fail({show(value)}): allowed is an Exception; use reply() for a value")


class NoReplyExpected(RegrowError):
    """`rg.reply_later()` outside a call handler."""

    def __init__(self) -> None:
        super().__init__(
            "rg.reply_later() found no call to answer; use it inside a call handler, before the first await"
        )
