"""Exit reasons: why a process ended.

A reason is one of the four singletons ``NORMAL``, ``SHUTDOWN``, ``KILLED`` and ``NOPROC``,
a ``Shutdown`` with a detail, a ``Crash``, or any other object that a process ended with.
"""

from __future__ import annotations

from typing import Final, TypeAlias, final

import msgspec
from typing_extensions import override

from regrow.core.crash import Crash
from regrow.errors.base import RegrowError
from regrow.errors.children import ChildStartFailed, InitFailed

__all__ = (
    "KILLED",
    "NOPROC",
    "NORMAL",
    "SHUTDOWN",
    "Crash",
    "ExitReason",
    "Reason",
    "Shutdown",
    "format_reason",
    "is_normal",
    "is_silent",
    "reason_of",
)

ExitReason: TypeAlias = object
"""Any object may be an exit reason; these are the ones that the runtime itself gives."""

MAX_TEXT: Final = 300
_TEXTS: Final = {
    "NORMAL": "normal",
    "SHUTDOWN": "shutdown",
    "KILLED": "killed",
    "NOPROC": "no such process",
}
_NO_OTHER: Final = "there is no other Reason: any object can be an exit reason, pass your own"


@final
class Reason:
    """One of the runtime's own reasons; compare with ``is``. There is no way to make another."""

    __slots__ = ("_name", "text")

    text: str
    """What `format_reason` says, e.g. ``"normal"``."""

    def __init__(self, name: str) -> None:
        if name in globals() or name not in _TEXTS:
            raise TypeError(_NO_OTHER)
        self._name = name
        self.text = _TEXTS[name]

    @override
    def __init_subclass__(cls) -> None:
        raise TypeError(_NO_OTHER)

    @override
    def __repr__(self) -> str:
        return self._name

    @override
    def __reduce__(self) -> str:
        return self._name


NORMAL: Final = Reason("NORMAL")
"""The process did what it was for and ended."""
SHUTDOWN: Final = Reason("SHUTDOWN")
"""Its supervisor, or the system, told it to stop."""
KILLED: Final = Reason("KILLED")
"""It was killed: `terminate` didn't run."""
NOPROC: Final = Reason("NOPROC")
"""There was no such process when it was linked to or monitored."""


@final
class Shutdown(msgspec.Struct, frozen=True):
    """An orderly stop with a detail: equal when the details are, and regarded as normal.

    Args:
        detail: Why, for those who see the reason (any object).
    """

    detail: object

    @override
    def __repr__(self) -> str:
        return f"Shutdown({self.detail!r})"


def is_normal(reason: ExitReason) -> bool:
    """Whether a `transient` child that ended so is left alone: NORMAL, SHUTDOWN, Shutdown(...)."""
    return reason is NORMAL or reason is SHUTDOWN or type(reason) is Shutdown


def is_silent(reason: ExitReason) -> bool:
    """Whether the process itself writes no crash report.

    So it is for the normal reasons and for KILLED, where the process ran no code any more and its
    supervisor's report says all there is.
    """
    return reason is KILLED or is_normal(reason)


def reason_of(error: RegrowError) -> ExitReason:
    """The exit reason that a failed start stands for."""
    if isinstance(error, ChildStartFailed):
        return Shutdown(("failed_to_start_child", error.child_id, error.reason))
    return error.reason if isinstance(error, InitFailed) else Crash.of(error)


def format_reason(reason: ExitReason) -> str:
    """The reason on one line of at most 300 characters, whatever it is."""
    if type(reason) is Reason:
        return reason.text
    if isinstance(reason, Crash):
        text = reason.summary
    elif isinstance(reason, Shutdown):
        text = f"shutdown: {_safe_repr(reason.detail)}"
    else:
        text = _safe_repr(reason)
    line = " ".join(text.split())
    return line if len(line) <= MAX_TEXT else line[: MAX_TEXT - 3] + "..."


def _safe_repr(value: object) -> str:
    try:
        return repr(value)
    except KeyboardInterrupt:
        raise
    except BaseException as failure:  # noqa: BLE001  # a death report can't fail
        return f"<{type(value).__name__} whose __repr__ raised {type(failure).__name__}>"
