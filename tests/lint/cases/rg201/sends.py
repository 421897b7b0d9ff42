import regrow as rg


class Base(rg.GenServer): ...


class Counter(Base):
    other: rg.Pid[Base]

    def tell(self) -> None:
        self.other.send("x")  # expect: RG201
        self.pid.send("x")


def sends(pid: rg.Pid[Counter], ref: rg.Ref[Base] | None, plain: rg.Pid[object], socket) -> None:
    pid.send("x")  # expect: RG201
    ref.send("x")  # expect: RG201
    plain.send("x")
    socket.send(b"x")
    pid.cast("x")
    local: rg.Ref[rg.GenServer] = ref
    local.send("x")  # expect: RG201


def generator(numbers) -> None:
    numbers.send(None)
    rg.current().send("x")
