"""What is told of a process that crashed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

import msgspec
from typing_extensions import override

from regrow.core.address import Address
from regrow.core.crash import Crash
from regrow.core.reasons import ExitReason, Reason, Shutdown, format_reason
from regrow.core.show import Redact, shower

__all__ = ("CrashReport", "Neighbour", "redact_reason")


@final
class Neighbour(msgspec.Struct, frozen=True, kw_only=True):
    """A process that ends with the one that crashed: linked to it or its neighbours, not trapping."""

    pid: Address
    """The process; its kind and name stand in it."""
    mailbox_length: int
    """How many items were waiting for it."""


@final
class CrashReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a process that crashed, all of it bounded.

    Texts and the reason went through the System's `redact`. Nothing of the process, its exception
    or its frames is kept alive by it.
    """

    pid: Address
    """The process; its system, kind and name stand in it."""
    reason: ExitReason
    """Its exit reason, redacted where there is a redaction."""
    ancestors: tuple[Address, ...]
    """Its supervisor, that one's supervisor, and so on."""
    last_message: str | None
    """What it was handling; None if nothing."""
    mailbox_length: int
    """How many items were waiting."""
    mailbox_head: tuple[str, ...]
    """The first 10 of them."""
    links: tuple[Address, ...]
    """Up to 15 of those linked to it, its supervisor and its children included."""
    link_count: int
    """How many there were."""
    neighbours: tuple[Neighbour, ...]
    """Up to 15 processes that end with it."""
    state: str | None
    """What `format_state` of its server said; None for a plain process."""

    def as_dict(self) -> dict[str, object]:
        """The report in texts, numbers and lists, for logs of JSON. A pickled report arrives as this."""
        reason = self.reason
        return {
            "pid": str(self.pid),
            "name": self.pid.registered_name,
            "reason": format_reason(reason),
            "traceback": reason.format() if isinstance(reason, Crash) else None,
            "ancestors": [str(one) for one in self.ancestors],
            "last_message": self.last_message,
            "mailbox_length": self.mailbox_length,
            "mailbox_head": list(self.mailbox_head),
            "links": [str(one) for one in self.links],
            "link_count": self.link_count,
            "neighbours": [
                {"pid": str(one.pid), "mailbox_length": one.mailbox_length} for one in self.neighbours
            ],
            "state": self.state,
        }

    @override
    def __reduce__(self) -> tuple[object, ...]:
        # Pids can't leave their System; log records travel to other processes whole.
        return (dict, (self.as_dict(),))

    def format(self) -> str:
        """The report as text of many lines, traceback included."""
        reason = self.reason
        why = reason.format().rstrip() if isinstance(reason, Crash) else format_reason(reason)
        lines = [
            f"{self.pid} crashed: {format_reason(reason)}",
            f"  ancestors: {_listed(self.ancestors)}",
            f"  last message: {self.last_message}",
            f"  mailbox: {self.mailbox_length} waiting",
            *(f"    {message}" for message in self.mailbox_head),
            f"  links: {self.link_count}: {_listed(self.links)}",
            f"  neighbours: {_listed(one.pid for one in self.neighbours)}",
            f"  state: {self.state}",
            *(f"  {line}" for line in why.splitlines()),
        ]
        return "\n".join(lines)


def _listed(values: Iterable[object]) -> str:
    return ", ".join(str(value) for value in values) or "none"


def redact_reason(reason: ExitReason, redact: Redact) -> ExitReason:
    """The reason as reports may show it: each text of an exception, or any other object, redacted."""
    if type(reason) is Reason:
        return reason
    if isinstance(reason, Shutdown):
        return Shutdown(_redacted(reason.detail, redact))
    return _crash(reason, redact) if isinstance(reason, Crash) else _redacted(reason, redact)


def _crash(crash: Crash, redact: Redact) -> Crash:
    parts = crash.exceptions
    syntax = crash.syntax
    return msgspec.structs.replace(
        crash,
        message=_text(crash.message, redact),
        notes=tuple(_text(note, redact) for note in crash.notes),
        cause=None if crash.cause is None else _crash(crash.cause, redact),
        context=None if crash.context is None else _crash(crash.context, redact),
        exceptions=None if parts is None else tuple(_crash(part, redact) for part in parts),
        # File and position stay; the line of source is left out, the message is a text like the others.
        syntax=None if syntax is None else (*syntax[:3], None, *syntax[4:6], _text(str(syntax[6]), redact)),
    )


def _text(text: str, redact: Redact) -> str:
    shown = _redacted(text, redact) if text else text
    return shown if isinstance(shown, str) else shower(None)(shown)


def _redacted(value: object, redact: Redact) -> object:
    try:
        return redact(value)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  # a user's hook may do anything
        return f"<{type(value).__name__}: redact raised {type(error).__name__}>"
