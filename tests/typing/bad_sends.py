# A plain send to a server is deprecated (PEP 702): an error in each line that ends in "# error", in no other.
# pyright: reportDeprecated=error
# mypy: enable-error-code="deprecated"
from __future__ import annotations

import regrow as rg


class Worker(rg.GenServer):
    @rg.cast
    def reset(self) -> None: ...


class Derived(Worker): ...


async def listen() -> None:
    await rg.receive(timeout=1.0)


async def servers(pid: rg.Pid[Worker], ref: rg.Ref[Derived], either: rg.Pid[Worker] | rg.Ref[Worker]) -> None:
    pid.send("reset")  # error
    ref.send("reset")  # error
    either.send("reset")  # error
    pid.cast(Worker.reset())


async def plain(pid: rg.Pid[object]) -> None:
    pid.send("hello")
    rg.spawn(listen).send("hello")
    rg.current().send("to myself")
    rg.alias().send("hello")
