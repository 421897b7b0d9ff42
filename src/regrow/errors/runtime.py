"""Errors of the engine: calls, references, mailboxes, processes, the system."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from regrow.errors.base import RegrowError, show

if TYPE_CHECKING:
    from regrow.core.reasons import ExitReason


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
            f"{who}exited with reason {self.reason!r} before it answered; "
            "its supervisor may restart it: call again by name"
        )

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.reason, str(self.target)))


class NoProcess(CallError):
    """Nobody is there: the name is not registered, or the Pid's process has ended."""

    def __init__(self, target: object) -> None:
        self.target = target
        super().__init__(
            f"no process {target!r}: the name is free or the process has ended; "
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
            f"call {message!r} to {target} got no answer within {whose}; "
            "a request not yet begun is dropped, a handler that has begun goes on"
        )


class CallRefused(CallError):
    """A call that can't be right and was not sent."""


class CallToSelf(CallRefused):
    """A process called itself: it would wait for its own answer for ever."""

    def __init__(self, target: object, message: object) -> None:
        self.target = target
        super().__init__(f"{target} called itself with {message!r}; call the method directly, or cast")


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
            f"{caller} called {message!r} from a def handler; make that handler async def, or cast"
        )


class UnknownCall(CallError):
    """The server has no handler for that message. The server lives on."""

    def __init__(self, server: type, message: object) -> None:
        self.server = server
        self.request = message
        super().__init__(
            f"{server.__qualname__} has no call handler for {message!r}; write one with @rg.call"
        )


class WrongServer(RegrowError, TypeError):
    """A message made for another server class."""

    def __init__(self, server: type, message: object, kinds: str) -> None:
        self.server = server
        super().__init__(
            f"{server.__qualname__} takes no {message!r}: allowed are {kinds} messages "
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
            f"{target} took a reply handle for {message!r} and dropped it unanswered; "
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


class MailboxFull(RegrowError):
    """The mailbox has no place. Calls and supervised sends wait for one; casts and sends raise this."""

    def __init__(self, target: object, capacity: int) -> None:
        self.target = target
        self.capacity = capacity
        super().__init__(
            f"mailbox of {target} is full ({capacity} messages); call (it waits for a place), send less, "
            "or give the class another rg.Mailbox(capacity=..., overflow=...)"
        )


class PlaceTimeout(RegrowError, TimeoutError):
    """`reserve` found no free place in the mailbox in time."""

    def __init__(self, target: object, timeout: float) -> None:
        self.target = target
        self.timeout = timeout
        super().__init__(
            f"no place came free in the mailbox of {target} within {timeout:g} s; "
            "try again later, or give the class another rg.Mailbox(capacity=...)"
        )


class BadReservation(RegrowError):
    """A reservation that was used, released, expired, or whose process has ended."""

    def __init__(self, target: object, state: str) -> None:
        super().__init__(f"the reserved place at {target} is {state}; reserve a new one")


class ReceiveTimeout(RegrowError, TimeoutError):
    """No matching message came in time; what did not match stays in the mailbox."""

    def __init__(self, pattern: object, timeout: float, skipped: int) -> None:
        self.timeout = timeout
        super().__init__(
            f"no message matching {pattern!r} within {timeout:g} s ({skipped} others wait in the mailbox)"
        )


class BadPattern(RegrowError, TypeError):
    """`receive(match=...)` got something it can't match by."""

    def __init__(self, pattern: object) -> None:
        super().__init__(
            f"match={pattern!r}: allowed are a type, a tuple of types, or a function of the message"
        )


class NotAProcess(RegrowError):
    """Only processes link, monitor, receive, and set timers to themselves."""

    def __init__(self, operation: str) -> None:
        super().__init__(
            f"{operation} works inside a process; here is none: use `async with system.guest()` or spawn one"
        )


class AlreadyReceiving(RegrowError):
    """Two tasks of one process wait in `rg.receive()` at the same time."""

    def __init__(self, pid: object) -> None:
        super().__init__(f"{pid} waits in rg.receive() already; receive in one task of a process at a time")


class NotMine(RegrowError):
    """A monitor, timer or alias that belongs to another process."""

    def __init__(self, what: object, owner: object, caller: object) -> None:
        super().__init__(f"{what!r} belongs to {owner}, not to {caller}; only its owner may end it")


class NameTaken(RegrowError):
    """The name is registered. `holder` is who has it."""

    def __init__(self, name: str, holder: object) -> None:
        self.name = name
        self.holder = holder
        super().__init__(
            f"name {name!r} is taken by {holder}; choose another, or wait until it ends (await pid.down(...))"
        )


class AlreadyRegistered(RegrowError):
    """The process has a name already."""

    def __init__(self, pid: object, name: str, wanted: str) -> None:
        super().__init__(f"{pid} is registered as {name!r} and can't be {wanted!r} too; unregister the first")


class BadRegistrationName(RegrowError, ValueError):
    """A name that can't be registered."""

    def __init__(self, name: object) -> None:
        super().__init__(f"name {name!r}: allowed is a non-empty str")


class NotRegistered(RegrowError, LookupError):
    """No such registration."""

    def __init__(self, name: object) -> None:
        super().__init__(
            f"{name!r} is not registered; register it first (child(name=...) or registry.register)"
        )


class BadQuery(RegrowError, ValueError):
    """A registry query that can't be answered."""

    def __init__(self, value: object, allowed: str) -> None:
        super().__init__(f"registry query {value!r}: allowed is {allowed}")


class BadAddress(RegrowError, TypeError):
    """Not something that can be sent to."""

    def __init__(self, value: object) -> None:
        super().__init__(f"{value!r} is no address: allowed are a Pid, a Ref, an Alias or a registered name")


class PidNotPicklable(RegrowError, TypeError):
    """A Pid is one incarnation in one system: outside it means nothing."""

    def __init__(self, pid: object) -> None:
        super().__init__(f"{pid!r} can't be pickled or copied out of its system; store a name and use a Ref")


class BadServer(RegrowError, TypeError):
    """A server class that can't be started."""

    def __init__(self, value: object, allowed: str) -> None:
        super().__init__(f"{value!r} can't be started: {allowed}")
