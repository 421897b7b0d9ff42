"""Crash and supervisor reports: one schema, one log record each, no frames kept alive."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, final

import msgspec

from regrow.core.events import MailboxFullSeen
from regrow.core.reasons import ExitReason, format_reason, is_silent
from regrow.runtime.items import Info, Request, Tracked
from regrow.runtime.links import linked_to

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine
    from regrow.runtime.pid import Pid
    from regrow.runtime.process import Process

MAX_NEIGHBOURS: Final = 15
MAX_MAILBOX: Final = 10
MAX_SHOWN: Final = 500

crash_log = logging.getLogger("regrow.crash")
supervisor_log = logging.getLogger("regrow.supervisor")
message_log = logging.getLogger("regrow.message")
trace_log = logging.getLogger("regrow.trace")


@final
class CrashReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a process that crashed. Texts are bounded and went through the redaction hook.

    Attributes:
        pid: the process. Its system, kind and name stand in it.
        reason: its exit reason.
        ancestors: its supervisor, that one's supervisor, and so on.
        last_message: what it was handling, as text, None if nothing.
        mailbox_length: how many items were waiting.
        mailbox_head: the first 10 of them, as text.
        links: who was linked to it.
        neighbours: up to 15 processes linked to it that don't trap exits, which end with it, as text.
        state: its attributes, as text.
    """

    pid: Pid[object]
    reason: ExitReason
    ancestors: tuple[Pid[object], ...]
    last_message: str | None
    mailbox_length: int
    mailbox_head: tuple[str, ...]
    links: tuple[Pid[object], ...]
    neighbours: tuple[str, ...]
    state: str


@final
class Reporter:
    """Writes the reports of one System to the loggers under `regrow`."""

    __slots__ = ("_engine",)

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # -- crash reports -------------------------------------------------------------------------

    def prepare(self, process: Process, reason: ExitReason) -> CrashReport | None:
        """Build the report of an abnormal end while the process's record is still whole.

        None for an end that is nobody's failure, and where nobody would read it.
        """
        if is_silent(reason) or not crash_log.isEnabledFor(logging.ERROR):
            return None
        mailbox = process.mailbox or ()
        current = process.current
        return CrashReport(
            pid=process,
            reason=reason,
            ancestors=ancestors_of(process),
            last_message=None if current is None else self.show(_message_of(current)),
            mailbox_length=len(mailbox),
            mailbox_head=tuple(self.show(_message_of(item)) for item, _ in zip(mailbox, range(MAX_MAILBOX), strict=False)),
            links=linked_to(process),
            neighbours=tuple(_neighbour(one) for one in _bounded(_neighbours(process))),
            state=self._state_of(process),
        )

    def crashed(self, report: CrashReport) -> None:
        """Log a crash: one record, with pid and name as fields."""
        crash_log.error(
            "%s crashed: %s",
            report.pid,
            _Lazy(report.reason),
            extra={"regrow_pid": str(report.pid), "regrow_name": report.pid.registered_name, "regrow_report": report},
        )

    def supervisor(self, process: Process, context: str, child_id: object, reason: ExitReason) -> None:
        """Log a supervisor report. `context` is OTP's: `child_terminated`, `start_error`, ..."""
        if supervisor_log.isEnabledFor(logging.ERROR):
            supervisor_log.error(
                "%s: %s of child %r: %s",
                process,
                context,
                child_id,
                _Lazy(reason),
                extra={
                    "regrow_pid": str(process),
                    "regrow_name": process.name,
                    "regrow_context": context,
                    "regrow_child": child_id,
                },
            )

    def zombie(self, process: Process, reason: ExitReason) -> None:
        """Log a process that doesn't end."""
        crash_log.error(
            "%s was killed (%s) and still runs; it is a zombie: its runtime calls raise",
            process,
            _Lazy(reason),
            extra={"regrow_pid": str(process), "regrow_name": process.name},
        )

    def unhandled(self, process: Process, message: object) -> None:
        """Log an info that nobody has use for; once per class and type."""
        message_log.warning(
            "%s got an info that it has no handle_info for: %s",
            process,
            self.show(message),
            extra={"regrow_pid": str(process), "regrow_name": process.name},
        )

    def mailbox_full(self, process: Process, capacity: int, overflow: str) -> None:
        """Tell of a full mailbox; of a plain process's with what it waits for."""
        hub = self._engine.hub
        if MailboxFullSeen in hub.wanted:
            head = _message_of(process.mailbox[0]) if process.mailbox else None
            hub.emit(
                MailboxFullSeen(
                    at=self._engine.loop.time(),
                    pid=process,
                    capacity=capacity,
                    overflow=overflow,
                    head=None if head is None else self.show(head),
                )
            )

    def traced(self, sender: Process | None, target: Process, message: object) -> None:
        """Log one message of a traced process."""
        trace_log.info("%s -> %s: %s", sender or "outside", target, self.show(message))

    # -- texts ---------------------------------------------------------------------------------

    def show(self, message: object) -> str:
        """A message as text: redacted, bounded, and never an error."""
        redact = self._engine.redact
        try:
            text = repr(message if redact is None else redact(message))
        except Exception as error:  # noqa: BLE001  # the repr of a user's object may do anything
            text = f"<{type(message).__name__}: repr raised {type(error).__name__}>"
        return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."

    def handler_name(self, process: Process, item: object) -> str:
        """The handler that handles `item`, for people."""
        message = _message_of(item)
        handler = getattr(message, "__handler__", None)
        name = handler.name if handler is not None else f"handle_info({type(message).__name__})"
        return f"{process.kind}.{name}"

    def _state_of(self, process: Process) -> str:
        state = getattr(process.instance, "__dict__", None)
        return self.show(state) if state is not None else ""


@final
class _Lazy:
    """Formats a reason only if the record is."""

    __slots__ = ("_reason",)

    def __init__(self, reason: ExitReason) -> None:
        self._reason = reason

    def __str__(self) -> str:
        return format_reason(self._reason)


def ancestors_of(process: Process) -> tuple[Pid[object], ...]:
    """The supervisors above `process`, nearest first."""
    found: list[Pid[object]] = []
    above = process.parent
    while above is not None:
        found.append(above)
        above = above.parent
    return tuple(found)


def _neighbours(process: Process) -> Iterable[Process]:
    return (one for one in linked_to(process) if not one.trap_exit)


def _bounded(processes: Iterable[Process]) -> Iterable[Process]:
    for process, _ in zip(processes, range(MAX_NEIGHBOURS), strict=False):
        yield process


def _neighbour(process: Process) -> str:
    waiting = len(process.mailbox) if process.mailbox else 0
    return f"{process} ({waiting} waiting)"


def _message_of(item: object) -> object:
    if isinstance(item, Tracked):
        item = item.item
    if isinstance(item, Info | Request):
        return item.message
    return item
