"""Crash and supervisor reports: one schema, one log record each, no frames kept alive."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final, cast, final

from typing_extensions import override

from regrow.core.events import CrashReported, MailboxFullSeen
from regrow.core.hub import name_of
from regrow.core.reasons import ExitReason, format_reason, is_silent
from regrow.core.reports import CrashReport, Neighbour, redact_reason
from regrow.core.show import shower
from regrow.core.texts import writable
from regrow.runtime.genserver import GenServer
from regrow.runtime.items import message_of
from regrow.runtime.links import ties_of
from regrow.runtime.process import Process

if TYPE_CHECKING:
    from regrow.core.show import Show
    from regrow.runtime.engine import Engine
    from regrow.runtime.pid import Pid

MAX_NEIGHBOURS: Final = 15
MAX_LINKS: Final = 15
MAX_MAILBOX: Final = 10

crash_log: logging.Logger = logging.getLogger("regrow.crash")
supervisor_log: logging.Logger = logging.getLogger("regrow.supervisor")
message_log: logging.Logger = logging.getLogger("regrow.message")


@final
class Reporter:
    """Writes the reports of one System to the loggers under `regrow`.

    What a report needs is noted when it happens; the report is built and logged a little later, in
    the loop's next pass: hooks, log handlers and filters, which are foreign code, never run inside
    a handler or a death, and no restart waits for them.
    """

    __slots__ = ("_engine", "_waiting", "show")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: deque[Callable[[], None]] = deque()
        self.show: Show = shower(engine.redact)
        """A message as text: redacted, bounded, and never an error."""

    # -- crash reports -------------------------------------------------------------------------

    def crashed(self, process: Process, reason: ExitReason) -> None:
        """Note an end that is the process's own failure, while its record is still whole.

        Nothing is noted of an end that is nobody's failure, or where nobody would read it. What can
        change (messages, state, who is linked) is put into words now, the rest when it is given out.
        """
        if is_silent(reason):
            return
        engine = self._engine
        engine.counters.crashed += 1
        logged = crash_log.isEnabledFor(logging.ERROR)
        told = CrashReported in engine.hub.wanted
        if not (logged or told):
            return
        death = _Death(process, reason, self.show, self._state_of(process.instance))
        if told:
            engine.hub.emit_made(CrashReported, partial(_event_of, death, engine.loop.time()))
        if logged:
            self._waiting.append(partial(self._log_crash, death))

    def remind(self) -> None:
        """The death is done: what was noted of it is due."""
        if self._waiting:
            self._engine.later()

    def _log_crash(self, death: _Death) -> None:
        report = death.report()
        fields = {"regrow_report": report}
        self._log((crash_log, logging.ERROR), "%s", (_Text(report),), death.process, fields)

    def _state_of(self, instance: object) -> str | None:
        if not isinstance(instance, GenServer):
            return None
        try:
            state = instance.format_state()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  # a user's hook may do anything
            return f"<{type(instance).__name__}: format_state raised {type(error).__name__}>"
        return self.show(state)

    # -- other reports -------------------------------------------------------------------------

    def supervisor(self, process: Process, context: str, child_id: object, reason: ExitReason) -> None:
        """Log a supervisor report.

        `context` is OTP's: `child_terminated`, `start_error`, `shutdown_error` (the child ended
        otherwise than it was told to), or `shutdown` when the supervisor gives up.
        """
        if supervisor_log.isEnabledFor(logging.ERROR):
            self._soon(partial(self._give_supervisor_report, process, context, child_id, reason))

    def _give_supervisor_report(
        self, process: Process, context: str, child_id: object, reason: ExitReason
    ) -> None:
        shown = self._reason(reason)
        extra = {"regrow_context": context, "regrow_child": child_id, "regrow_reason": shown}
        args = (process, context, child_id, shown)
        self._log((supervisor_log, logging.ERROR), "%s: %s of child %r: %s", args, process, extra)

    def zombie(self, process: Process, reason: ExitReason) -> None:
        """Log a process that doesn't end."""
        text = "%s was to end (%s) and still runs; it is a zombie: its runtime calls raise"
        self.log((crash_log, logging.ERROR), text, (process, self._reason(reason)), process, {})

    def _reason(self, reason: ExitReason) -> _Reason:
        redact = self._engine.redact
        return _Reason(reason if redact is None else redact_reason(reason, redact))

    def unhandled(self, process: Process, message: object) -> None:
        """Log an info that nobody has use for; once per class and type."""
        if message_log.isEnabledFor(logging.WARNING):
            text = "%s got an info that it has no handle_info for: %s"
            self.log((message_log, logging.WARNING), text, (process, self.show(message)), process, {})

    def mailbox_full(self, process: Process, capacity: int, overflow: str) -> None:
        """Tell of a full mailbox; of a plain process's with what it waits for."""
        hub = self._engine.hub
        if MailboxFullSeen in hub.wanted:
            head = process.mailbox[0] if process.mailbox else None
            pattern = process.extras.pattern if process.extras is not None else None
            hub.emit(
                MailboxFullSeen(
                    at=self._engine.loop.time(),
                    pid=process,
                    capacity=capacity,
                    overflow=overflow,
                    pattern=None if pattern is None else pattern_text(pattern),
                    head=None if head is None else self.show(message_of(head)),
                )
            )

    # -- records -------------------------------------------------------------------------------

    def log(
        self,
        to: tuple[logging.Logger, int],
        text: str,
        args: tuple[object, ...],
        process: Process,
        fields: Mapping[str, object],
    ) -> None:
        """Have a record logged soon, with pid and name of `process` among its fields."""
        self._soon(partial(self._log, to, text, args, process, fields))

    def _soon(self, give: Callable[[], None]) -> None:
        self._waiting.append(give)
        self._engine.later()

    def _log(
        self,
        to: tuple[logging.Logger, int],
        text: str,
        args: tuple[object, ...],
        process: Process,
        fields: Mapping[str, object],
    ) -> None:
        logger, level = to
        # Made by hand: looking for the caller's line costs more than the rest and would find this one.
        extra = {"regrow_pid": str(process), "regrow_name": process.name, **fields}
        record = logger.makeRecord(logger.name, level, __file__, 0, text, args, None, "report", extra)
        try:
            logger.handle(record)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  # a filter raised: logging doesn't catch those
            problem = "a logging filter raised at a report of regrow"
            self._engine.loop.call_exception_handler({"message": problem, "exception": error})

    def flush(self) -> None:
        """Give out what was noted, oldest first."""
        waiting = self._waiting
        while waiting:
            waiting.popleft()()

    # -- texts ---------------------------------------------------------------------------------

    def handler_name(self, process: Process, item: object) -> str:
        """The handler that handles `item`, for people."""
        message = message_of(item)
        handler = getattr(message, "__handler__", None)
        name = handler.name if handler is not None else f"handle_info({type(message).__name__})"
        return f"{process.kind}.{name}"


@final
class _Death:
    """What is noted of a crash while the process's record is whole, and the report once it is made."""

    __slots__ = (
        "_head",
        "_last",
        "_length",
        "_link_count",
        "_links",
        "_neighbours",
        "_reason",
        "_report",
        "_state",
        "process",
    )

    def __init__(self, process: Process, reason: ExitReason, show: Show, state: str | None) -> None:
        mailbox = process.mailbox
        current = process.current
        self.process = process
        self._reason = reason
        self._state = state
        self._last = None if current is None else show(message_of(current))
        self._length = len(mailbox) if mailbox else 0
        self._head = tuple(show(message_of(item)) for item in islice(mailbox, MAX_MAILBOX)) if mailbox else ()
        self._link_count, ties = ties_of(process)
        self._links: tuple[Process, ...] = tuple(islice(ties, MAX_LINKS))
        # The usual case: tied to a supervisor and to nobody else.
        alone = self._link_count == 1 and self._links[0].trap_exit
        self._neighbours: tuple[Neighbour, ...] = ()
        if not alone:
            self._neighbours = tuple(
                Neighbour(pid=one, mailbox_length=len(one.mailbox) if one.mailbox else 0)
                for one in islice(neighbours_of(process), MAX_NEIGHBOURS)
            )
        self._report: CrashReport | None = None

    def report(self) -> CrashReport:
        """The report, the same each time."""
        if self._report is None:
            process = self.process
            redact = process.engine.redact
            self._report = CrashReport(
                pid=process,
                reason=self._reason if redact is None else redact_reason(self._reason, redact),
                ancestors=ancestors_of(process),
                last_message=self._last,
                mailbox_length=self._length,
                mailbox_head=self._head,
                links=self._links,
                link_count=self._link_count,
                neighbours=self._neighbours,
                state=self._state,
            )
        return self._report


def _event_of(death: _Death, at: float) -> CrashReported:
    return CrashReported(at=at, report=death.report())


@final
class _Text:
    """Formats a report only if the record is."""

    __slots__ = ("_report",)

    def __init__(self, report: CrashReport) -> None:
        self._report = report

    @override
    def __str__(self) -> str:
        return writable(self._report.format())

    @override
    def __reduce__(self) -> tuple[object, ...]:
        return (str, (str(self),))


@final
class _Reason:
    """Formats a reason only if the record is."""

    __slots__ = ("reason",)

    def __init__(self, reason: ExitReason) -> None:
        self.reason = reason

    @override
    def __str__(self) -> str:
        return writable(format_reason(self.reason))

    @override
    def __reduce__(self) -> tuple[object, ...]:
        return (str, (str(self),))


def ancestors_of(process: Process) -> tuple[Pid[object], ...]:
    """The supervisors above `process`, nearest first."""
    found: list[Pid[object]] = []
    above = process.parent
    while above is not None:
        found.append(above)
        above = above.parent
    return tuple(found)


def neighbours_of(process: Process) -> Iterator[Process]:
    """Who ends with `process`: linked to it, or to one of these, and not trapping exits. Nearest first."""
    seen = {process}
    ready: deque[Process] = deque([process])
    while ready:
        for one in ties_of(ready.popleft())[1]:
            if one not in seen and not one.trap_exit:
                seen.add(one)
                ready.append(one)
                yield one


def pattern_text(pattern: object) -> str:
    """What a selective receive waits for, as text."""
    if isinstance(pattern, tuple):
        return " | ".join(pattern_text(part) for part in cast("tuple[object, ...]", pattern))
    return name_of(pattern)
