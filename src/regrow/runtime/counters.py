"""What is counted in a System."""

from __future__ import annotations

from typing import final


@final
class Counters:
    """What happened in a System since it started. Plain counts, and a plain class: they are counted often."""

    __slots__ = (
        "crashed",
        "delivered",
        "dropped",
        "exited",
        "expired",
        "failed",
        "handed_off",
        "late_replies",
        "lost_threads",
        "orphans",
        "restarts",
        "retried",
        "sent",
        "started",
        "timed_out",
        "zombies",
    )

    def __init__(self) -> None:
        self.started: int = 0
        self.exited: int = 0
        self.crashed: int = 0
        self.restarts: int = 0
        self.dropped: int = 0
        self.expired: int = 0
        self.timed_out: int = 0
        self.late_replies: int = 0
        self.sent: int = 0
        self.delivered: int = 0
        self.failed: int = 0
        self.retried: int = 0
        self.handed_off: int = 0
        self.orphans: int = 0
        self.zombies: int = 0
        self.lost_threads: int = 0
