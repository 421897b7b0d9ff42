# Right programs with supervised sends; `reveals` says what both type checkers have to infer.
# pyright: strict
from __future__ import annotations

import asyncio
from typing import reveal_type

import regrow as rg


class Worker(rg.GenServer):
    @rg.call(raises=KeyError)
    def index(self, line: str, *, again: bool = False) -> int:
        return len(line) * again

    @rg.call
    async def fetch(self, key: str) -> bytes | None:
        return key.encode()

    @rg.cast
    def reset(self) -> None: ...


class Derived(Worker): ...


async def sends(pid: rg.Pid[Worker], ref: rg.Ref[Derived], plain: rg.Pid[object]) -> None:
    delivery = await rg.supervised_send(pid, Worker.index("x"), timeout=1.0)
    reveal_type(delivery)  # reveals: Delivery[int]
    reveal_type(delivery.reply)  # reveals: int | None
    reveal_type(delivery.result())  # reveals: int | None
    reveal_type(await rg.supervised_send(ref, Worker.index("x"), timeout="quick"))  # reveals: Delivery[int]
    fetched = await rg.supervised_send(ref, Derived.fetch("x"), timeout=1)
    reveal_type(fetched)  # reveals: Delivery[bytes | None]
    reveal_type(await rg.supervised_send(pid, Worker.reset(), timeout=1.0))  # reveals: Delivery[None]

    # A name may be anybody's, and an info has no reply.
    named = await rg.supervised_send("worker", Worker.index("x"), timeout=1.0)
    reveal_type(named)  # reveals: Delivery[object]
    reveal_type(await rg.supervised_send(plain, {"an": "info"}, timeout=1.0))  # reveals: Delivery[object]

    options: rg.types.SendOptions = {"retries": 3, "on_error": "dead_letter"}
    await rg.supervised_send(pid, Worker.reset(), timeout=1.0, **options)
    await rg.supervised_send(
        ref,
        Worker.reset(),
        timeout=5.0,
        retries=3,
        backoff=rg.ExponentialBackoff(base=0.1),
        on_error="ignore",
        ack="accepted",
        durable=True,
        metadata={"tenant": 7},
        idempotency_key="a",
        ordering_key="b",
        expires_in=60.0,
        delay=1.0,
        breaker=False,
    )
    task = asyncio.create_task(rg.supervised_send(pid, Worker.index("x"), timeout=1.0))
    reveal_type(await task)  # reveals: Delivery[int]


def from_threads(ref: rg.Ref[Worker]) -> None:
    index = rg.supervised_send_from_thread(ref, Worker.index("x"), timeout=1.0)
    reveal_type(index)  # reveals: Delivery[int]
    reveal_type(rg.supervised_send_from_thread(ref, Worker.reset(), timeout=1.0))  # reveals: Delivery[None]


async def broadcasts(refs: list[rg.Ref[Worker]], derived: rg.Pid[Derived]) -> None:
    result = await rg.broadcast(refs, Worker.index("x"), timeout=1.0, strategy="all_or_nothing")
    reveal_type(result)  # reveals: BroadcastResult[int]
    reveal_type(result.reached[0].reply)  # reveals: int | None
    nothing = await rg.broadcast([*refs, derived], Worker.reset(), timeout=1)
    reveal_type(nothing)  # reveals: BroadcastResult[None]
    mixed = await rg.broadcast(["a", derived], Worker.reset(), timeout=1)
    reveal_type(mixed)  # reveals: BroadcastResult[object]
    reveal_type(await rg.broadcast([], Worker.index("x"), timeout=1.0))  # reveals: BroadcastResult[int]


async def credit(ref: rg.Ref[Worker]) -> None:
    async with rg.Credit(ref, window=8, retries=2) as credit:
        reveal_type(credit)  # reveals: Credit[Worker]
        await credit.send(Worker.index("x"), timeout=1.0)
        await credit.send(Worker.reset(), timeout=1.0)


payments = rg.CircuitBreaker(
    "payments", settings=rg.BreakerSettings(open_seconds=1.0), failed=lambda reply: not reply
)


@payments
def pay(order: int, *, currency: str = "EUR") -> bytes:
    return f"{order} {currency}".encode()


@payments
async def pay_later(order: int, /) -> bytes:
    return str(order).encode()


class Shop:
    @payments
    def buy(self, order: int) -> str:
        return str(order)


async def breakers(system: rg.System) -> None:
    reveal_type(pay(1, currency="SEK"))  # reveals: bytes
    reveal_type(await pay_later(1))  # reveals: bytes
    reveal_type(Shop().buy(1))  # reveals: str
    with payments as inside:
        reveal_type(inside)  # reveals: CircuitBreaker
    async with payments:
        rg.Breakers.of(system).reset("worker")


async def dead_letters(journal: rg.Journal) -> None:
    letters: rg.types.DeadLetters = journal.dead_letters
    page = await letters.list(dest="worker", newer_than=3600.0)
    reveal_type(page)  # reveals: DeadLetterPage
    job = await letters.redrive(dest="worker", rate=10.0, dry_run=True)
    reveal_type(job)  # reveals: RedriveJob
    reveal_type(await journal.conservation())  # reveals: Counts
    rg.Journal.in_memory(dead_letters=rg.DeadLetterPolicy(retries=0))
