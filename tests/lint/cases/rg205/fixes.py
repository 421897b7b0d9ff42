import regrow as rg
from regrow import monitor as watch


class Watcher(rg.GenServer):
    def init(self) -> None:
        rg.monitor("other")  # expect: RG205
        self.forgotten = watch(  # expect: RG205
            "other",
            tag="x",
        )

    @rg.cast
    def follow(self, pid: rg.Pid[object]) -> None:
        rg.monitor(pid)  # expect: RG205


async def works(pid: rg.Pid[object], numbers: list[int]) -> None:
    watch(pid, tag="x")  # expect: RG205
    # What comes.
    for number in numbers:

        print(number)
    print("end")  # Of it.


async def has_text(pid: rg.Pid[object]) -> None:
    rg.monitor(pid)  # expect: RG205
    print("""a
text""")


async def ends(pid: rg.Pid[object]) -> None:
    if pid:
        rg.monitor(pid)  # expect: RG205
