"""GenServer: the base of server classes."""

from __future__ import annotations

from asyncio import current_task
from collections.abc import Callable, Coroutine
from threading import get_ident
from typing import TYPE_CHECKING, ClassVar, Final, cast, final

import msgspec

from regrow.core.handler import adopt_overrides
from regrow.core.messages import CastMessage
from regrow.core.reasons import NORMAL, ExitReason
from regrow.errors import AlreadyReplied, BadReply, NoReplyExpected, NotAProcess, ReplyLost
from regrow.runtime.after import End, Failed
from regrow.runtime.items import Request
from regrow.runtime.mailbox import Mailbox
from regrow.runtime.process import RUNNING, Process, current_process

if TYPE_CHECKING:
    from typing import Self

    from regrow.runtime.pid import Pid
    from regrow.runtime.system import System


@final
class Continue(msgspec.Struct, frozen=True):
    """Returned by `init`: be up now, and call `handle_continue(value)` before any message."""

    value: object = None


@final
class IgnoreType:
    """The type of `Ignore`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Ignore"


Ignore: Final = IgnoreType()
"""Returned by `init`: don't run. A static supervisor keeps the child's spec, a dynamic one nothing."""

RESERVED: Final = frozenset(
    {
        "init",
        "handle_continue",
        "handle_info",
        "terminate",
        "stop",
        "pid",
        "system",
        "mailbox",
        "trap_exit",
        "format_state",
    }
)

InitResult = None | Continue | IgnoreType


class GenServer:
    """A server process: one message at a time, three intakes that are never confused.

    **call** (`@rg.call`) has an answer, **cast** (`@rg.cast`) has none, **info** is everything
    else: plain sends, `Down`, `Exit`, timers. Handlers and callbacks are `def` (run to completion on
    the scheduler, may cast, send and set timers) or `async def` (run on the process's own task, may
    call others). An exception that a handler doesn't declare ends the server; its supervisor
    decides what comes next.

    Attributes:
        trap_exit: Whether EXIT signals of links come as `rg.Exit` infos instead of ending the server.
        mailbox: Its bound and what happens at it.
    """

    __slots__ = ("__weakref__", "_process")

    trap_exit: ClassVar[bool] = False
    mailbox: ClassVar[Mailbox] = Mailbox()

    _process: Process

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        adopt_overrides(cls, reserved=RESERVED)

    if TYPE_CHECKING:
        # Each class gives its init its own arguments; they are checked where a child is described.
        init: Callable[..., InitResult | Coroutine[object, object, InitResult]]
        """Set the server up. Return None, `rg.Continue(value)` or `rg.Ignore`; raise to fail the start."""
    else:

        def init(self):
            """Set the server up.

            Return None, `rg.Continue(value)` or `rg.Ignore`; raise to fail the start.
            """

    def handle_continue(self, value: object) -> object:  # noqa: ARG002  # for subclasses
        """Do what `init` left with `rg.Continue(value)`."""
        return None

    def handle_info(self, message: object) -> object:  # noqa: ARG002
        """Handle what is neither call nor cast; without it infos are logged once per type."""
        return None

    def terminate(self, reason: ExitReason) -> object:  # noqa: ARG002
        """Clean up, when the server stops itself, a handler raised, or the supervisor shuts it down.

        It never runs on a kill or an untrapped EXIT.
        """
        return None

    def format_state(self) -> object:
        """What crash reports show of this server: by default its attributes.

        Override it to leave out what is large or secret. The System's `redact` then gets what this
        returns, so it has the last word.
        """
        state: dict[str, object] = {}
        for name in self._process.blueprint.state_slots:
            if hasattr(self, name):
                state[name] = getattr(self, name)
        state.update(getattr(self, "__dict__", ()))
        return state

    @property
    @final
    def pid(self) -> Pid[Self]:
        """This process."""
        return cast("Pid[Self]", self._running("self.pid"))

    @property
    @final
    def system(self) -> System:
        """The System that this process belongs to."""
        system = self._running("self.system").engine.system
        assert system is not None
        return system

    @final
    def stop(self, reason: ExitReason = NORMAL, *, reply: bool = True) -> None:
        """End after the present handler, through `terminate`.

        Args:
            reason: The exit reason, default `NORMAL`.
            reply: Whether a call handler's return value still goes to its caller, default True;
                without it the caller gets `ProcessExited(reason)`.
        """
        process = self._running("self.stop()")
        process.engine.exits.stop(process, reason, reply=reply)

    def _running(self, operation: str) -> Process:
        process: Process | None = getattr(self, "_process", None)
        if process is None:
            raise NotAProcess(operation)
        return process


@final
class ReplyHandle:
    """The right to answer one call later, once. Dropping it tells the caller at once (`ReplyLost`)."""

    __slots__ = ("_request",)

    def __init__(self, request: Request) -> None:
        self._request: Request | None = request

    def reply(self, value: object) -> None:
        """Answer with `value`. To a caller that has given up it goes nowhere.

        Raises:
            AlreadyReplied: It was answered before.
        """
        request = self._take()
        engine = request.target.engine
        if get_ident() != engine.thread:
            engine.loop.call_soon_threadsafe(engine.calls.reply, request, value)
        elif not _held(request, value, None):
            engine.calls.reply(request, value)

    def fail(self, error: Exception) -> None:
        """Answer with an exception.

        Raises:
            AlreadyReplied: It was answered before.
            BadReply: This is no exception; the handle is as good as before.
        """
        if not isinstance(error, Exception):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise BadReply(error)
        request = self._take()
        engine = request.target.engine
        if get_ident() != engine.thread:
            engine.loop.call_soon_threadsafe(engine.calls.fail, request, error)
        elif not _held(request, None, error):
            engine.calls.fail(request, error)

    @property
    def waited_for(self) -> bool:
        """Whether the caller still waits."""
        return self._request is not None and not self._request.future.done()

    def _take(self) -> Request:
        request = self._request
        if request is None:
            raise AlreadyReplied
        self._forget(request)
        return request

    def _forget(self, request: Request) -> None:
        self._request = None
        extras = request.target.extras
        if extras is not None and extras.deferred is not None:
            extras.deferred.pop(request, None)

    def __del__(self) -> None:
        request = getattr(self, "_request", None)
        if request is None:
            return
        self._forget(request)
        engine = request.target.engine
        if not request.future.done() and engine.running:
            engine.loop.call_soon_threadsafe(_lost, request)


def _held(request: Request, value: object, error: Exception | None) -> bool:
    """Whether the answer is held back with the turn of a handler that gives it."""
    extras = request.target.extras
    return extras is not None and extras.turns is not None and extras.turns.hold_answer(request, value, error)


def _lost(request: Request) -> None:
    target = request.target
    if target.current is request and isinstance(target.after, End | Failed):
        return  # its death, which is about to come, answers
    if not request.future.done():
        request.future.set_exception(ReplyLost(request.target, request.message))


def in_handler(process: Process) -> bool:
    """Whether this is the handler itself, and not a task that an earlier one left behind."""
    engine = process.engine
    if get_ident() != engine.thread:
        return True  # the thread of a blocking handler
    return engine.handling is process or current_task() is process.task


def reply_later() -> ReplyHandle:
    """Inside a call handler: take the right to answer later; what the handler returns is then ignored.

    Raises:
        NoReplyExpected: There is no call being handled, or it was taken before.
    """
    process = current_process.get(None)
    if process is None or process.status != RUNNING:
        raise NoReplyExpected
    current = process.current
    if not isinstance(current, Request):
        if process.engine.handling is not process or current.__class__ not in process.blueprint.calls:
            raise NoReplyExpected
    elif not in_handler(process) or isinstance(current.message, CastMessage):
        raise NoReplyExpected
    if not isinstance(current, Request):
        current = process.current = process.engine.calls.deferred_inline(process, current)
    if current.deferred:
        raise NoReplyExpected
    current.deferred = True
    extras = process.more()
    if extras.deferred is None:
        extras.deferred = {}
    extras.deferred[current] = None
    return ReplyHandle(current)
