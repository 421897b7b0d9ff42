"""The numbers that a System runs by, each checked when it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import msgspec

from regrow.core.options import is_seconds
from regrow.errors.settings import BadSetting

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ("Settings",)

COUNTS = ("mailbox_capacity", "slice_messages", "turn_messages", "blocking_threads")
COUNTS_OR_NONE = ("max_warm", "hand_off_budget")
SECONDS = (
    "kill_grace",
    "warm_seconds",
    "turn_seconds",
    "slow_handler",
    "stall_seconds",
    "start_timeout",
    "shutdown",
    "stop_timeout",
)
FLAGS = ("freeze_gc", "watchdog")


@final
class Settings(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How a System schedules, bounds and watches; times in seconds.

    Raises:
        BadSetting: If a number is out of its range.
    """

    mailbox_capacity: int = 10_000
    """Calls, casts and infos that wait in a mailbox unless its class says otherwise."""
    kill_grace: float = 1.0
    """How long a killed process may go on swallowing its cancel before it is a zombie."""
    max_warm: int = 1000
    """Tasks of `async def` handlers kept for their next message, at most; 0 for none."""
    warm_seconds: float = 0.05
    """How long such a task is kept."""
    slice_messages: int = 64
    """Messages that one process handles before the next one's turn."""
    turn_messages: int = 1024
    """Messages that all processes handle before the loop's other callbacks run."""
    turn_seconds: float = 0.005
    """Real time after which the loop's other callbacks run, whatever has been handled."""
    hand_off_budget: int = 1024
    """Calls handled on their caller's stack before the loop's other callbacks run; 0 for none."""
    blocking_threads: int = 32
    """Threads of `blocking` handlers, at most; one that hangs for good is replaced and doesn't count."""
    slow_handler: float = 0.1
    """How long a handler may take before an event names it."""
    watchdog: bool = True
    """Whether a thread watches who holds the loop; it sleeps while nobody does."""
    stall_seconds: float = 0.1
    """How long the loop may be held before the watchdog names the handler that holds it."""
    start_timeout: float = 5.0
    """How long an `init` may take, where its child spec says nothing."""
    shutdown: float = 5.0
    """How long a worker has to end, where its child spec says nothing."""
    stop_timeout: float = 30.0
    """How long the whole System has to stop."""
    freeze_gc: bool = False
    """Whether what there is after the start is taken out of the garbage collector's way."""

    def __post_init__(self) -> None:
        self._check_counts(COUNTS, 1)
        self._check_counts(COUNTS_OR_NONE, 0)
        for option in SECONDS:
            value: object = getattr(self, option)
            if not is_seconds(value):
                raise BadSetting(option, value, "seconds above 0 and at most 86400")
        for option in FLAGS:
            flag: object = getattr(self, option)
            if not isinstance(flag, bool):
                raise BadSetting(option, flag, "True or False")
        if self.turn_messages < self.slice_messages:
            raise BadSetting(
                "turn_messages", self.turn_messages, f"at least slice_messages, {self.slice_messages}"
            )

    def _check_counts(self, options: Iterable[str], least: int) -> None:
        for option in options:
            value: object = getattr(self, option)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise BadSetting(option, value, f"a whole number, {least} or more")
