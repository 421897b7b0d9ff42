"""Letting virtual time pass."""

from __future__ import annotations

import asyncio
import math

from regrow.core.ports import ports_of
from regrow.errors.settings import BadSetting
from regrow.errors.testing import NotVirtual

__all__ = ("pass_time",)


async def pass_time(seconds: float) -> None:
    """Let so many seconds of virtual time pass, with all that happens meanwhile.

    What `asyncio.sleep` does on a virtual loop, and it can't really sleep by mistake.

    Args:
        seconds: How long; 0 lets others run once, on any loop.

    Raises:
        NotVirtual: The loop that runs is a real one.
        BadSetting: The seconds are negative, or no finite number.
    """
    if not 0 <= seconds < math.inf:
        raise BadSetting("seconds", seconds, "0 or more, and finite", owner="pass_time")
    loop = asyncio.get_running_loop()
    if seconds > 0 and not ports_of(loop).virtual:
        raise NotVirtual(seconds, type(loop).__qualname__)
    await asyncio.sleep(seconds)
