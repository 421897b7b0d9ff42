"""Messages that have crashed a persistent server come again, one after the other."""

from __future__ import annotations

import msgspec

import regrow as rg
from regrow.delivery.service import Journal
from regrow.testing import run_virtual


class Seen(msgspec.Struct):
    names: list[str] = []


@rg.persistent(Seen)
class Fragile(rg.GenServer):
    """Crashes at the first attempt of every message."""

    state: Seen

    @rg.call
    def take(self, name: str) -> list[str]:
        delivery = rg.current_delivery()
        assert delivery is not None
        if delivery.attempt == 1:
            raise RuntimeError(name)
        self.state.names.append(name)
        return self.state.names


def test_each_suspect_has_its_turn() -> None:
    async def body() -> list[str]:
        child = rg.child(Fragile, name="fragile")
        journal = Journal.in_memory()
        async with rg.System([child], services=[journal], max_restarts=50, max_seconds=1.0) as system:
            fragile = system.ref("fragile", Fragile)
            for name in ("a", "b"):
                await rg.supervised_send(
                    fragile, Fragile.take(name), timeout=1.0, durable=True, ack="accepted", delay=0.1
                )
            last = await rg.supervised_send(fragile, Fragile.take("c"), timeout=5.0, durable=True, delay=0.1)
            assert last.status == "handled"
            return last.reply or []

    assert sorted(run_virtual(body())) == ["a", "b", "c"]
