"""What a process has to do when its present handler has returned."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TypeAlias, final

import msgspec

from regrow.core.reasons import ExitReason


@final
class Stop(msgspec.Struct, eq=False):
    """End with `terminate`: its own wish, or its supervisor's. `reply=False` withholds the answer.

    `answer` is what the handler that stopped owes its caller; it is given when `terminate` has run.
    """

    reason: ExitReason
    reply: bool = True
    answer: Callable[[], None] | None = None


@final
class Failed(msgspec.Struct, eq=False):
    """End with `terminate`: a handler raised."""

    error: BaseException


@final
class End(msgspec.Struct, eq=False):
    """End without `terminate`: an untrapped EXIT or a kill (`by_signal`), or `terminate` has run."""

    reason: ExitReason
    by_signal: bool = False


@final
class Job(msgspec.Struct, eq=False):
    """Go on with this coroutine on the process's own task; the handler began it."""

    coroutine: Coroutine[object, object, object]


@final
class ProcessExit(BaseException):
    """Raised by `rg.exit_process` to end a process with a reason."""

    def __init__(self, reason: ExitReason) -> None:
        self.reason = reason
        super().__init__(reason)


After: TypeAlias = Stop | Failed | End | Job
