"""What supervised sends keep per run of a System."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, final

from regrow.resilience.breakers import BreakerTable, breakers_of
from regrow.runtime.delivering import new_id
from regrow.runtime.extensions import extension

if TYPE_CHECKING:
    from regrow.delivery.sending import Sending
    from regrow.resilience.breaker import Breaker
    from regrow.runtime.engine import Engine
    from regrow.runtime.pid import Pid

__all__ = ("Outbox", "log", "outbox_of")

log: Final = logging.getLogger("regrow.delivery")


@final
class Outbox:
    """The breakers, and the sends that rest between two attempts."""

    __slots__ = ("breaker_of", "breakers", "engine", "id_maker", "one_clock", "resting", "time")

    def __init__(self, engine: Engine) -> None:
        self.engine: Engine = engine
        self.breakers: BreakerTable = breakers_of(engine)
        self.breaker_of: Callable[[str | Pid[object]], Breaker | None] = self.breakers.get
        self.id_maker: Callable[[], str] = self.new_id
        # What asyncio's own loops call a Python method for.
        plain = getattr(type(engine.loop), "time", None) is asyncio.BaseEventLoop.time
        self.time: Callable[[], float] = time.monotonic if plain else engine.loop.time
        self.one_clock: bool = self.time is engine.monotonic
        """Whether the loop's time is also what turns are measured by."""
        self.resting: dict[Sending, None] = {}
        """Those that wait for a timer, and so have to be told when none will go off any more."""

    def new_id(self) -> str:
        """The id of one more delivery."""
        return new_id(self.engine).hex()

    @property
    def stopping(self) -> bool:
        """Whether the System is about to end: nobody comes back who ends now."""
        engine = self.engine
        return engine.closing or not engine.running or getattr(engine.system, "state", "") == "stopping"

    def stop(self) -> None:
        """The System stops: what rests is given up while there are services to take it."""
        for sending in tuple(self.resting):
            sending.give_up()


def outbox_of(engine: Engine) -> Outbox:
    """The outbox of this run of a System."""
    return extension(engine, Outbox)
