"""What a failure had as its cause, in a form by which equal ones are found again."""

from __future__ import annotations

import os
from hashlib import blake2b
from typing import Final, final

import msgspec

import regrow
from regrow.core.crash import Crash
from regrow.core.reasons import ExitReason, format_reason
from regrow.core.texts import writable

__all__ = ("Cause", "cause_of_error", "cause_of_exit")

OWN_FRAMES: Final = 3
MAX_TEXT: Final = 2_000
MAX_TRACE: Final = 16_000
_PACKAGE: Final = os.path.dirname(os.path.abspath(regrow.__file__)) + os.sep  # noqa: PTH100, PTH120  # compared
_LIBRARY: Final = os.path.dirname(os.path.abspath(os.__file__)) + os.sep  # noqa: PTH100, PTH120


@final
class Cause(msgspec.Struct, frozen=True, gc=False):
    """A failure in texts: nothing of the exception stays alive by it.

    `frames` are the innermost functions of the user's own code, `file:function`.
    """

    error_type: str | None = None
    error: str | None = None
    trace: str | None = None
    frames: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """One line: type and text."""
        return ": ".join(part for part in (self.error_type, self.error) if part)

    def fingerprint(self, dest: str) -> bytes:
        """8 bytes, equal for equal dest, error type and own top frames."""
        text = "\0".join((dest, self.error_type or "", *self.frames))
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def cause_of_error(error: BaseException) -> Cause:
    """The cause that an exception is."""
    return _cause_of_crash(Crash.of(error))


def cause_of_exit(reason: ExitReason) -> Cause:
    """The cause of a process's end."""
    if isinstance(reason, Crash):
        return _cause_of_crash(reason)
    return Cause(error_type=None, error=writable(format_reason(reason)[:MAX_TEXT]))


def _cause_of_crash(crash: Crash) -> Cause:
    return Cause(
        error_type=writable(crash.type_name),
        error=writable(crash.message[:MAX_TEXT]),
        trace=writable(crash.format()[-MAX_TRACE:]),
        frames=_own_frames(crash),
    )


def _own_frames(crash: Crash) -> tuple[str, ...]:
    """The innermost functions that are neither Regrow's nor the standard library's.

    Without line numbers, which change with every edit of the file.
    """
    own: list[str] = []
    for frame in reversed(list(crash.traceback.stack)):
        if frame.filename.startswith((_PACKAGE, _LIBRARY, "<")):
            continue
        own.append(f"{os.path.basename(frame.filename)}:{frame.name}")  # noqa: PTH119  # may be no path
        if len(own) == OWN_FRAMES:
            break
    return tuple(own)
