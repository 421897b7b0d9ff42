"""Faults that a test asks for by name, at a place of its choice; they strike in every seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, final

from regrow.errors.faults import BadFault
from regrow.runtime.pid import Ref
from regrow.runtime.process import Process

if TYPE_CHECKING:
    from regrow.runtime.pid import Address

__all__ = ("Script", "Whom", "whom")

Whom: TypeAlias = "Address[object] | str"
"""A Pid, a Ref, or a name: then whoever holds the name, over restarts and before the first start too."""


@final
class Script:
    """One fault to come.

    Args:
        kind: "kill", "crash", "hang", "slow" or "storm".
        who: A process, or a name.
        where: The callback: "init", "terminate", "handle_info", "receive", or a handler's name. None for any
            handler.
        skip: How many callbacks go by before it strikes.
        times: How often it strikes then.
        seconds: How long the callback takes longer; None if it doesn't run.
        kills: Of a storm.
    """

    __slots__ = ("_skip", "_times", "_where", "_who", "kills", "kind", "seconds")

    def __init__(
        self,
        kind: str,
        who: Process | str,
        where: str | None = None,
        *,
        skip: int = 0,
        times: int = 1,
        seconds: float | None = None,
        kills: int = 1,
    ) -> None:
        self.kind: str = kind
        self.seconds: float | None = seconds
        self.kills: int = kills
        self._who = who
        self._where = where
        self._skip = skip
        self._times = times

    def means(self, process: Process) -> bool:
        """Whether it is about this process."""
        return process is self._who or (process.name is not None and process.name == self._who)

    def strikes(self, process: Process, phase: str, where: str) -> bool:
        """Whether it strikes this callback."""
        if not self._times or not self.means(process):
            return False
        if self.seconds is not None and phase in {"receive", "begin"}:
            return False  # no plain process can be made to wait
        if where != self._where if self._where is not None else phase in {"init", "begin", "terminate"}:
            return False
        if self._skip:
            self._skip -= 1
            return False
        self._times -= 1
        return True


def whom(owner: str, who: object, *, option: str = "who") -> Process | str:
    """The process, or the name, of what a test gives.

    Raises:
        BadFault: It is neither Pid, Ref nor name.
    """
    if isinstance(who, Process):
        return who
    if isinstance(who, Ref):
        return who.name
    if isinstance(who, str) and who:
        return who
    raise BadFault(owner, option, who, "a Pid, a Ref or a name")
