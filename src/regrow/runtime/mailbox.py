"""The bound of a mailbox and what happens at it."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from regrow.errors.settings import BadSetting

Overflow: TypeAlias = Literal["raise", "drop_oldest", "drop_newest"]


class Mailbox(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages may wait for a server, and what happens to the next one.

    Args:
        capacity: Calls, casts and infos that may wait; None (default) for the System's
            `Settings.mailbox_capacity`, 10,000. Signals of the runtime
            (EXIT, DOWN, replies, the process's own timers) are never counted.
        overflow: `"raise"` (default) raises `MailboxFull` at the sender; `"drop_oldest"` and
            `"drop_newest"` drop a cast or an info, counted and told by an event. A call is never
            dropped: it waits for a place within its timeout.

    Raises:
        BadSetting: Capacity is no whole number of at least 1, or overflow is unknown.
    """

    capacity: int | None = None
    overflow: Overflow = "raise"

    def __post_init__(self) -> None:
        if self.capacity is not None and (type(self.capacity) is not int or self.capacity < 1):
            raise BadSetting("capacity", self.capacity, "a whole number of at least 1", owner="Mailbox")
        if self.overflow not in ("raise", "drop_oldest", "drop_newest"):
            allowed = "'raise', 'drop_oldest' or 'drop_newest'"
            raise BadSetting("overflow", self.overflow, allowed, owner="Mailbox")
