"""Names that fixes would use are taken."""

import asyncio as rg

import regrow as rt


class Log(rt.GenServer):
    def handle_info(self, message: object) -> None:
        print("heard", message)


async def tell(asyncio: rt.Ref[Log]) -> None:
    asyncio.send("first")
    try:
        asyncio.send("second")
        await rg.sleep(0)
    except BaseException:
        print("never")


async def main() -> None:
    async with rt.System([rt.supervisor([rt.child(Log, name="log")])]) as system:
        await tell(system.ref("log", Log))
        await system.idle()


rg.run(main())
