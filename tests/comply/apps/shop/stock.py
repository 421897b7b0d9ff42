"""What there is, and who is told when it runs out."""

from __future__ import annotations

import regrow as rg


class Stock(rg.GenServer):
    """How many of each thing are left."""

    def init(self) -> None:
        self.left = {"pear": 3}

    @rg.call
    def take(self, what: str) -> int:
        self.left[what] -= 1
        return self.left[what]

    @rg.call
    def count(self, what: str) -> int:
        return self.left.get(what, 0)


class Watcher(rg.GenServer):
    """Looks at the stock now and then, and hears of its end."""

    def init(self) -> None:
        self.lost = 0
        self.watch()
        rg.send_interval(self.pid, "look", 10.0)

    def watch(self) -> None:
        rg.monitor(self.system.ref("stock", Stock), tag="stock", long_lived=True)

    async def handle_info(self, message: object) -> None:
        if isinstance(message, rg.Down):
            self.lost += 1
            rg.send_after(self.pid, "watch", 0.5)  # until it is back, each monitor would fire at once
        elif message == "watch":
            self.watch()
        elif message == "look":
            await self.system.ref("stock", Stock).call(Stock.count("pear"), timeout=1.0)
