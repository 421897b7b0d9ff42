"""Messages of no declared kind, sent to a server."""

import asyncio

import regrow


class Log(regrow.GenServer):
    def init(self) -> None:
        self.seen: list[object] = []

    def handle_info(self, message: object) -> None:
        self.seen.append(message)

    @regrow.call
    def read(self) -> list[object]:
        return self.seen


async def tell(log: regrow.Ref[Log], *lines: str) -> None:
    for line in lines:
        log.send(("line", line, [len(line)]))
    log.send(  # the last one
        {"end": True},
    )


async def main() -> None:
    async with regrow.System([regrow.child(Log, name="log")]) as system:
        log = system.ref("log", Log)
        await tell(log, "a", "bc")
        print(await log.call(Log.read(), timeout=1))


asyncio.run(main())
