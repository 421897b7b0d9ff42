"""Process groups: names that many processes share."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from regrow.errors import MailboxFull, NoProcess, OtherSystem
from regrow.runtime.process import DEAD, Process
from regrow.runtime.registry import check_registration_name

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine
    from regrow.runtime.pid import Pid


@final
class Groups:
    """The process groups of one System: `system.groups`. Members leave by themselves when they end."""

    __slots__ = ("_engine", "_members")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._members: dict[str, dict[Process, None]] = {}

    def join(self, group: str, pid: Pid[object]) -> None:
        """Make `pid` a member; twice is once.

        Raises:
            NoProcess: It has ended.
            OtherSystem: It belongs to another System.
            BadRegistrationName: The group is no non-empty str.
        """
        check_registration_name(group)
        if not isinstance(pid, Process) or pid.status == DEAD:
            raise NoProcess(pid)
        if pid.engine is not self._engine:
            raise OtherSystem(pid, self._engine.name)
        self._members.setdefault(group, {})[pid] = None
        extras = pid.more()
        if extras.groups is None:
            extras.groups = set()
        extras.groups.add(group)

    def leave(self, group: str, pid: Pid[object]) -> None:
        """End a membership, if there is one."""
        members = self._members.get(group)
        if members is None or not isinstance(pid, Process):
            return
        members.pop(pid, None)
        if not members:
            del self._members[group]
        if pid.extras is not None and pid.extras.groups is not None:
            pid.extras.groups.discard(group)

    def members(self, group: str) -> tuple[Pid[object], ...]:
        """The members, in the order they joined; empty for a group that nobody is in."""
        return tuple(self._members.get(group, ()))

    def names(self) -> tuple[str, ...]:
        """All groups that have members, by name."""
        return tuple(sorted(self._members))

    def publish(self, group: str, message: object) -> int:
        """Send `message`, as an info, to every member.

        Returns:
            How many it reached; a member whose full mailbox refuses or drops it is not among them.
        """
        reached = 0
        for member in tuple(self._members.get(group, ())):
            try:
                reached += self._engine.sends.info(member, message)
            except MailboxFull:
                self._engine.sends.drop(member, message, "drop_newest")
        return reached

    def forget(self, process: Process) -> None:
        """`process` has ended."""
        extras = process.extras
        for group in tuple((extras.groups if extras is not None else None) or ()):
            self.leave(group, process)
