import regrow as rg
from regrow import monitor


class Watcher(rg.GenServer):
    def init(self) -> None:
        rg.monitor("other")  # expect: RG205
        rg.monitor("other", long_lived=True)
        self.kept = rg.monitor("other")
        self.forgotten = rg.monitor("other")  # expect: RG205
        self.monitors = {"x": rg.monitor("other")}

    @rg.cast
    def follow(self, pid: rg.Pid[object]) -> None:
        monitor(pid)  # expect: RG205
        local = monitor(pid)  # expect: RG205
        held = monitor(pid)
        self.monitors[pid] = held
        self.monitors[pid] = monitor(pid)
        rg.monitor(pid, long_lived=False)  # expect: RG205

    @rg.cast
    def leave(self) -> None:
        rg.demonitor(self.kept)

    def given(self, pid: rg.Pid[object]) -> rg.Monitor:
        return rg.monitor(pid)


async def waits(pid: rg.Pid[object]) -> None:
    rg.monitor(pid)
    await rg.receive(timeout=1)


async def managed(pid: rg.Pid[object]) -> None:
    with rg.monitoring(pid):
        await rg.call(pid)


async def dropped(pid: rg.Pid[object]) -> None:
    rg.monitor(pid)  # expect: RG205
