"""What becomes of messages that are sent."""

import asyncio

import regrow as rg


class Counter(rg.GenServer):
    @rg.cast
    def add(self, step) -> None: ...

    @rg.call
    def read(self) -> int:
        return 1

    async def handle_info(self, message) -> None:
        self.pid.send(("again", message))


class Clock:
    counter: rg.Ref[Counter]

    def __init__(self, counter: rg.Ref[Counter]) -> None:
        self.counter = counter

    async def tick(self, now):
        self.counter.send(Counter.add((1, 2)))  # expect: RG201
        self.counter.send(("tick", now(), [1, 2]))  # expect: RG201
        self.counter.send(  # expect: RG201
            {"kind": "tick"},  # nested (and, commas)
        )
        (self.counter).send((Counter.read()))  # expect: RG201
        _ = self.counter.send("used")  # expect: RG201
        self.counter.send(  # expect: RG201
            one for one in ()
        )

    def stop(self) -> None:
        self.counter.send(Counter.add(1))  # expect: RG201
        self.counter.send("stop")  # expect: RG201

    async def shadowed(self, rg, regrow):
        self.counter.send("stop")  # expect: RG201


async def others(socket, channel: asyncio.Queue, resend):
    socket.send("x")
    channel.send("x")
    resend("self.counter.send('x')")  # counter.send("x")
