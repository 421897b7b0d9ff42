"""Aliases: send addresses that their owner can switch off."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from regrow.core.timeouts import check_timeout
from regrow.errors import NotMine
from regrow.runtime.process import DEAD, Process, current_process

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine
    from regrow.runtime.timers import Timer


@final
class Alias:
    """An address of its owner that can be switched off: by hand, after one message, or at a time.

    What is sent to it afterwards is dropped and counted (`message.dropped`, cause `alias_closed`):
    late answers never reach a mailbox that has stopped waiting for them. Made by `rg.alias`.
    """

    __slots__ = ("_active", "_engine", "_once", "_timer", "owner")

    def __init__(self, engine: Engine, owner: Process, *, once: bool, expires_in: float | None) -> None:
        self._engine = engine
        self.owner: Process = owner
        self._once = once
        self._active = True
        self._timer: Timer | None = None
        if expires_in is not None:
            self._timer = engine.timers.internal(check_timeout(expires_in), self._switch_off)
        extras = owner.more()
        if extras.aliases is None:
            extras.aliases = {}
        extras.aliases[self] = None

    @property
    def active(self) -> bool:
        """Whether a message sent now would arrive."""
        return self._active and self.owner.status != DEAD

    def send(self, message: object) -> None:
        """Send to the owner, as an info, while the alias is active.

        Raises:
            MailboxFull: The owner's mailbox is full and its policy is to raise.
        """
        if not self.active:
            self._engine.sends.drop(self.owner, message, "alias_closed")
            return
        self._engine.sends.info(self.owner, message)
        if self._once:
            self._switch_off()

    def close(self) -> None:
        """Switch it off; twice is fine.

        Raises:
            NotMine: It is another process's.
        """
        caller = current_process.get(None)
        if caller is not None and caller is not self.owner:
            raise NotMine(self, self.owner, caller)
        self._switch_off()

    def _switch_off(self) -> None:
        self._active = False
        if self._timer is not None:
            self._timer.cancel()
        extras = self.owner.extras
        if extras is not None and extras.aliases is not None:
            extras.aliases.pop(self, None)

    def __enter__(self) -> Alias:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Alias of {self.owner}{'' if self.active else ' (off)'}>"
