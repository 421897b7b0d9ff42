"""Monitors that are never released."""

import asyncio

import regrow as rg


class Source(rg.GenServer):
    @rg.call
    def value(self) -> int:
        return 7


class Watcher(rg.GenServer):
    def init(self) -> None:
        self.gone: list[str] = []
        rg.monitor("source")

    def handle_info(self, message: object) -> None:
        if isinstance(message, rg.Down):
            self.gone.append(str(message.reason))

    @rg.call
    def read(self) -> list[str]:
        return self.gone


async def ask(source: rg.Ref[Source]) -> None:
    rg.monitor(source, tag="asked")
    print(await source.call(Source.value(), timeout=1))


async def main() -> None:
    children = [rg.child(Source, name="source", restart="temporary"), rg.child(Watcher, name="watcher")]
    async with rg.System(children) as system:
        source, watcher = system.ref("source", Source), system.ref("watcher", Watcher)
        system.spawn(ask, source)
        await system.idle()
        source.exit("done")
        await system.idle()
        print(await watcher.call(Watcher.read(), timeout=1))


asyncio.run(main())
