# regrow: file-ignore[call-without-timeout, infinite-timeout] type checkers are to find them
# Wrong programs with supervised sends: an error in each line that ends in "# error", and in no other.
from __future__ import annotations

import regrow as rg


class Worker(rg.GenServer):
    @rg.call
    def index(self, line: str) -> int:
        return len(line)

    @rg.cast
    def reset(self) -> None: ...


class Other(rg.GenServer):
    @rg.call
    def get(self) -> str:
        return ""


class Derived(Worker): ...


async def replies(pid: rg.Pid[Worker]) -> None:
    a: rg.Delivery[str] = await rg.supervised_send(pid, Worker.index("x"), timeout=1.0)  # error
    b: int = (await rg.supervised_send(pid, Worker.index("x"), timeout=1.0)).reply  # error
    c: rg.Delivery[int] = await rg.supervised_send("worker", Worker.index("x"), timeout=1.0)  # error
    d: rg.Delivery[str] = rg.supervised_send_from_thread(pid, Worker.index("x"), timeout=1.0)  # error
    print(a, b, c, d)


async def wrong_server(pid: rg.Pid[Worker], other: rg.Ref[Other]) -> None:
    await rg.supervised_send(other, Worker.index("x"), timeout=1.0)  # error
    await rg.supervised_send(other, Worker.reset(), timeout=1.0)  # error
    await rg.supervised_send(pid, Derived.index("x"), timeout=1.0)  # error
    await rg.broadcast([pid, other], Worker.index("x"), timeout=1.0)  # error
    await rg.Credit(other).send(Worker.index("x"), timeout=1.0)  # error


async def options(pid: rg.Pid[Worker]) -> None:
    await rg.supervised_send(pid, Worker.index("x"))  # error
    await rg.supervised_send(pid, Worker.index("x"), 1.0)  # error
    await rg.supervised_send(pid, Worker.index("x"), timeout=None)  # error
    await rg.supervised_send(pid, Worker.index(1), timeout=1.0)  # error
    await rg.supervised_send(pid, Worker.index("x"), timeout=1.0, retry=3)  # error
    await rg.supervised_send(pid, Worker.index("x"), timeout=1.0, retries="3")  # error
    await rg.supervised_send(pid, Worker.index("x"), timeout=1.0, on_error="retry")  # error
    await rg.supervised_send(pid, Worker.index("x"), timeout=1.0, ack="done")  # error
    await rg.supervised_send(pid, Worker.index("x"), timeout=1.0, breaker=True)  # error
    await rg.broadcast([pid], Worker.index("x"), strategy="best_effort")  # error
    await rg.broadcast([pid], Worker.index("x"), timeout=1.0, strategy="all")  # error
    await rg.broadcast(pid, Worker.index("x"), timeout=1.0)  # error
    rg.Credit(pid, window="8")  # error
    rg.ExponentialBackoff(0.1)  # error
    rg.BreakerSettings(open_seconds="5")  # error


async def forgotten(pid: rg.Pid[Worker]) -> None:
    rg.supervised_send(pid, Worker.index("x"), timeout=1.0)  # error
    rg.broadcast([pid], Worker.index("x"), timeout=1.0)  # error


payments = rg.CircuitBreaker("payments")


@payments
def pay(order: int, *, currency: str = "EUR") -> bytes:
    return f"{order} {currency}".encode()


@payments
async def pay_later(order: int) -> bytes:
    return str(order).encode()


async def breakers() -> None:
    pay("1")  # error
    pay(1, "SEK")  # error
    text: str = pay(1)  # error
    late: bytes = pay_later(1)  # error
    print(text, late)
    rg.CircuitBreaker("payments", open_seconds=1.0)  # error
    rg.CircuitBreaker("payments", rg.BreakerSettings())  # error
    payments(3)  # error


def journals() -> None:
    rg.Journal("app.db", sync="never")  # error
    rg.Journal("app.db", "process")  # error
    rg.Journal.in_memory(capcity=10)  # error
    rg.DeadLetterPolicy(keep="14 days")  # error
