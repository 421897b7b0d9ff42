"""The ports of a test's own System: a clock that starts anew, and random streams of its own."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from regrow.core.ports import Ports, RandomStreams, ports_of
from regrow.testing.virtual.loop import EPOCH

__all__ = ("own_ports",)

FIELDS: Final = tuple(name for name in Ports.__slots__ if not name.startswith("_"))


def own_ports(seed: int) -> Ports:
    """Ports for one test.

    On a loop with a clock of its own they are the loop's. On a real one, wall clock and loop clock go
    together, and the wall clock starts where that of a virtual loop does.
    """
    loop = asyncio.get_running_loop()
    if hasattr(loop, "regrow_ports"):
        offered = ports_of(loop)
        fields: dict[str, Any] = {name: getattr(offered, name) for name in FIELDS}
        fields["random"] = RandomStreams(seed)
        return Ports(**fields)
    begun = loop.time()
    return Ports(wall=lambda: EPOCH + loop.time() - begun, random=RandomStreams(seed))
