"""The program that is killed: ``python -m tests.crash.child FOLDER``. Started by `process.Child`.

It loads everything, waits for one line on its standard input that says what to do, and begins.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec

import regrow as rg
from regrow.delivery.journal import commits, writer
from regrow.delivery.journal.operations import Operation
from regrow.delivery.journal.store import SyncLevel
from regrow.delivery.journal.units import Pending
from tests.crash import plan, plants
from tests.crash.receivers import World, children
from tests.crash.senders import send, send_for_ever
from tests.crash.wire import Start, tell

BREAKER = rg.BreakerSettings(window_seconds=0.5, open_seconds=0.02, success_threshold=1)
"""Opens now and then, as so much fails here, and not for long."""
CONCURRENCY = 8
"""In one mailbox: what may kill its process comes again one at a time, so it mustn't stand in a long line."""
TELL = 0.01
"""Seconds until it says again how much is left."""
FOR_EVER = 86_400.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--level", required=True)
    parser.add_argument("--early", type=int, required=True)
    parser.add_argument("--plant")
    options = parser.parse_args()
    logging.getLogger("regrow").setLevel(logging.CRITICAL)  # crashes are the point, not the news
    if options.plant:
        plants.plant(options.plant)
    Following.begin(options.early)
    line = sys.stdin.readline()
    if line:
        start = msgspec.json.decode(line, type=Start)
        asyncio.run(work(options.folder, options.seed, options.level, start))


class Following:
    """How often a transaction was given to the thread while another one was being written."""

    count = 0

    @classmethod
    def begin(cls, early: int) -> None:
        """Count from now on, and have them follow from so many operations on."""
        for module, name in ((commits, "EARLY"), (writer, "EARLY"), (writer, "FOLLOWS")):
            vars(module)[name] = early
        follow = commits.Commits.follow

        def counted(self: commits.Commits, batch: list[Pending], operations: list[Operation]) -> None:
            cls.count += 1
            follow(self, batch, operations)

        type.__setattr__(commits.Commits, "follow", counted)


async def work(folder: Path, seed: int, level: SyncLevel, start: Start) -> None:
    """One run: until it is killed, or told to stop."""
    keep = rg.DeadLetterPolicy(retries=0)  # redriven by the command alone, so that the end is the end
    if level == "none":
        journal = rg.Journal.in_memory(concurrency=CONCURRENCY, dead_letters=keep)
    else:
        journal = rg.Journal(folder / "journal.db", sync=level, concurrency=CONCURRENCY, dead_letters=keep)
    world = World(folder, seed, start.number)
    async with rg.System(children(world), services=[journal]) as system:
        for recipient in plan.RECEIVERS:
            rg.Breakers.of(system).configure(recipient, BREAKER)
        tell("opened")
        for name in start.again:
            system.spawn(partial(send, again=True), world, plan.named(seed, name))
        if not start.drain:
            for sender, first in enumerate(start.first):
                system.spawn(send_for_ever, world, sender, first)
        orders = _orders()
        while True:
            await _drain(world, journal)
            tell("drained")
            if await orders.get() != "more":
                break
        if level == "none":
            await _tell_of_the_dead(journal)


async def _drain(world: World, journal: rg.Journal) -> None:
    """Return when nothing is owed and no send is waiting."""
    last = -1
    while True:
        left = journal.stats().live + world.busy
        if left != last:
            tell("live", left, Following.count)
            last = left
        if not left:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(TELL):
                await world.quiet.wait()
                await journal.drained(timeout=FOR_EVER)


async def _tell_of_the_dead(journal: rg.Journal) -> None:
    for summary in (await journal.dead_letters.list(limit=1000)).letters:
        details = await journal.dead_letters.show(summary.id)
        name = msgspec.convert(details.contents, dict[str, str])["name"]
        tell("dead", plan.owed(name, summary.dest), summary.reason)


def _orders() -> asyncio.Queue[str]:
    orders: asyncio.Queue[str] = asyncio.Queue()
    asyncio.get_running_loop().add_reader(0, lambda: orders.put_nowait(sys.stdin.readline().strip()))
    return orders


if __name__ == "__main__":
    main()
