import regrow as rg


class Base(rg.GenServer): ...


class Counter(Base):
    @rg.call
    def value(self) -> int:
        return 1

    @rg.call
    async def twice(self, other: rg.Pid["Counter"]) -> int:
        await other.call(Counter.value(), timeout=1)
        return 2 * await self.pid.call(Counter.value(), timeout=1)  # expect: RG206

    async def end(self) -> None:
        await self.pid.down(timeout=1)  # expect: RG206
        self.pid.cast("x")

        async def later() -> None:
            await self.pid.call(Counter.value(), timeout=1)


async def plain() -> None:
    me = rg.current()
    await me.call("x", timeout=1)  # expect: RG206
    await rg.current().call("x", timeout=1)  # expect: RG206


class Phone:
    pid = None

    async def ring(self) -> None:
        await self.pid.call("x")
