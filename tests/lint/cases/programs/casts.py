"""Messages sent to a server that declares them."""

import asyncio

import regrow as rg


class Log(rg.GenServer):
    def init(self) -> None:
        self.lines: list[str] = []

    @rg.cast
    def add(self, line: str) -> None:
        self.lines.append(f"got {line}")

    def handle_info(self, message: object) -> None:
        self.lines.append(f"got {message.line}")

    @rg.call
    def read(self) -> list[str]:
        return self.lines


def tell(log: rg.Ref[Log], line: str) -> None:
    log.send(Log.add(f"({line}, {line})"))


async def main() -> None:
    async with rg.System([rg.child(Log, name="log")]) as system:
        log = system.ref("log", Log)
        tell(log, "first")
        tell(log, "second")
        print(await log.call(Log.read(), timeout=1))


asyncio.run(main())
