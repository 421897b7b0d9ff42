"""`cast_and_sync`: a cast that is handled when it returns."""

from __future__ import annotations

from typing import TypeVar

from regrow.core.messages import CastMessage
from regrow.errors.calls import NoProcess
from regrow.errors.references import WaitTimeout
from regrow.errors.waiting import BadWait, NotHandled
from regrow.runtime.pid import Address, Ref
from regrow.runtime.plain import sync
from regrow.runtime.process import Process
from regrow.testing.waiting.watch import checked_seconds
from regrow.testing.waiting.world import world

S = TypeVar("S")

__all__ = ("cast_and_sync",)


async def cast_and_sync(ref: Address[S], message: CastMessage[S], *, timeout: float = 1.0) -> None:
    """Cast a message, and return when it, and all that was sent before it, has been handled.

    Any server will do: it needs no handler for this. Its own casts and sends, which go on from there, are not
    waited for; `await rt.wait_idle()` does that.

    Args:
        ref: A Pid, or a Ref: then who holds the name now.
        message: Made on the server class: `Counter.reset()`.
        timeout: Seconds of the loop's time, default 1.0.

    Raises:
        NoProcess: There is no such process: a bare cast would have been dropped.
        ProcessExited: It ended before it had handled all that, maybe because of it.
        NotHandled: It had not in time.
        MailboxFull, WrongServer: As of a cast.
        BadWait: `ref` is no Pid or Ref, or the timeout no such number.
    """
    seconds = checked_seconds("timeout", timeout)
    given: object = ref
    if isinstance(given, Ref):
        pid = given.process()
    elif isinstance(given, Process):
        pid = given
    else:
        raise BadWait(given, "give a Pid or a Ref")
    if not pid.alive:
        raise NoProcess(pid)
    ref.cast(message)  # to that process: nothing runs in between
    try:
        await sync(pid, timeout=seconds)
    except WaitTimeout:
        raise NotHandled(pid, message, seconds, world()) from None
