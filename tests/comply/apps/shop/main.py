"""How it is put together."""

from __future__ import annotations

import regrow as rg
from tests.comply.apps.shop.stock import Stock, Watcher
from tests.comply.apps.shop.till import Door, Till, greet


def make_system() -> rg.System:
    """A shop that doesn't run yet."""
    stock = rg.supervisor(
        [rg.child(Stock, name="stock"), rg.child(Watcher, name="watcher")],
        id="goods",
        strategy="rest_for_one",
        max_restarts=3,
        max_seconds=5.0,
    )
    desk = rg.supervisor(
        [rg.child(Till, name="till"), rg.child(greet, id="greeter", restart="temporary")],
        id="desk",
        strategy="one_for_all",
        max_restarts=3,
        max_seconds=5.0,
    )
    queue = rg.dynamic_supervisor(name="queue", max_restarts=3, max_seconds=5.0)
    return rg.System([stock, desk, queue, rg.child(Door, name="door")], strategy="one_for_one")
