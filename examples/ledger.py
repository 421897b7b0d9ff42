"""Workers crash on malformed records, restart, and the batch is finished all the same.

Run: python examples/ledger.py

The workers parse without a single `try`: a record that they do not understand kills them. What
keeps the work going is the tree:

    system              one_for_one
    ├── ledger          what was booked; no worker's crash can touch it
    └── workers         one_for_one, with a budget for restarts
        ├── worker-1
        ├── worker-2
        └── worker-3
"""

import asyncio
import json
import logging
from datetime import date
from decimal import Decimal

import regrow as rg

RECORDS = [
    '{"id": 1, "day": "2026-03-01", "amount": "19.90", "items": 2}',
    '{"id": 2, "day": "2026-03-01", "amount": "5.00", "items": 1}',
    '{"id": 3, "day": "2026-03-01", "amount": "7.25", "items": 1',  # cut off
    '{"id": 4, "day": "2026-03-02", "amount": "12.00", "items": 3}',
    '{"id": 5, "day": "2026-02-30", "amount": "8.00", "items": 1}',  # no such day
    '{"id": 6, "day": "2026-03-02", "amount": "3.10", "items": 1}',
    '{"id": 7, "day": "2026-03-02", "amount": "44.00", "items": 4}',
    '{"id": 8, "day": "2026-03-02", "amount": "n/a", "items": 1}',  # no number
    '{"id": 9, "day": "2026-03-03", "amount": "9.99", "items": 1}',
    '{"id": 10, "day": "2026-03-03", "amount": "100.00", "items": 8}',
    '{"id": 11, "day": "2026-03-03", "amount": "6.50", "items": 0}',  # divides by zero
    '{"id": 12, "day": "2026-03-03", "amount": "15.75", "items": 5}',
    '{"id": 13, "day": "2026-03-04", "items": 2}',  # no amount
    '{"id": 14, "day": "2026-03-04", "amount": "2.20", "items": 1}',
    '["id", 15, "day", "2026-03-04"]',  # no object
    '{"id": 16, "day": "2026-03-04", "amount": "31.00", "items": 2}',
    '{"id": 17, "day": "2026-03-05", "amount": "0.99", "items": 1}',
    '{"id": 18, "day": "2026-03-05", "amount": "18.30", "items": 6}',
]
WORKERS = ("worker-1", "worker-2", "worker-3")


class Ledger(rg.GenServer):
    """Keeps the amounts, by record."""

    def init(self) -> None:
        self.booked: dict[int, Decimal] = {}

    @rg.call
    def book(self, record: int, amount: Decimal) -> int:
        self.booked[record] = amount
        return len(self.booked)

    @rg.call
    def total(self) -> Decimal:
        return sum(self.booked.values(), Decimal(0))


class Worker(rg.GenServer):
    """Parses one record after the other and books it. Knows nothing of errors."""

    starts: int = 0

    def init(self, name: str) -> None:
        Worker.starts += 1
        self.name = name
        print(f"  {name} starts{' again' if Worker.starts > len(WORKERS) else ''}")

    @rg.call
    async def process(self, text: str) -> str:
        record = json.loads(text)
        day = date.fromisoformat(record["day"])
        amount = Decimal(record["amount"])
        each = amount / record["items"]
        ledger = self.system.ref("ledger", Ledger)
        booked = await ledger.call(Ledger.book(record["id"], amount), timeout=1.0)
        return f"{day}: {amount} at {each:.2f} each, {booked} booked"


async def main() -> None:
    workers = rg.supervisor(
        [rg.child(Worker, id=name, name=name, args=(name,)) for name in WORKERS],
        id="workers",
        max_restarts=len(RECORDS),
        max_seconds=5.0,
    )
    set_aside: list[str] = []
    print(f"{len(RECORDS)} records, {len(WORKERS)} workers\n")
    async with rg.System([rg.child(Ledger, name="ledger"), workers], name="demo") as system:
        for number, text in enumerate(RECORDS, start=1):
            name = WORKERS[number % len(WORKERS)]
            worker = system.ref(name, Worker)
            try:
                done = await worker.call(Worker.process(text), timeout=1.0)
                print(f"{number:2}  {name} {done}")
            except rg.errors.ProcessExited as error:
                why = error.reason.type_name if isinstance(error.reason, rg.Crash) else error.reason
                print(f"{number:2}  {name} crashed on {text} ({why})")
                set_aside.append(text)
            await system.idle()
        print(f"\n{system.tree()}\n")
        ledger = system.ref("ledger", Ledger)
        total = await ledger.call(Ledger.total(), timeout=1.0)
    restarts = Worker.starts - len(WORKERS)
    booked = len(RECORDS) - len(set_aside)
    print(f"the ledger, which no crash has touched, says {total}")
    print(f"{booked} of {len(RECORDS)} records booked, {len(set_aside)} set aside, {restarts} restarts")


if __name__ == "__main__":
    # The crash reports are long; the demo tells each crash in a line of its own.
    logging.getLogger("regrow").setLevel(logging.CRITICAL)
    asyncio.run(main())
