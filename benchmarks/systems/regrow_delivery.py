"""Regrow's delivery by the public API, as a user would write it."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, cast

import regrow as rg
from benchmarks.suite import dead_letters
from benchmarks.systems import regrow_files as files
from benchmarks.systems.kit import Bench, CrashReports, Job, Result, now, percentiles
from benchmarks.systems.kit_durable import Sums, folder
from benchmarks.systems.regrow_files import JOURNAL, SINK, Busy, PersistentSink, Sink
from regrow.delivery.journal.operations import Operation
from regrow.delivery.journal.sqlite import SqliteStore

_TIMEOUT = 300.0
_ROOM = 1_000
# One of so many durable sends is also asked when it was accepted.
_ACCEPTED_EVERY = 16
_TIMES = 3
_RESTARTS: dict[str, Any] = {"max_restarts": 1_000_000_000, "max_seconds": 1.0}
_QUICK = rg.ExponentialBackoff(base=0.001, cap=0.05)


class Fragile(rg.GenServer):
    """Some messages kill it, the first time that they come."""

    def init(self, sums: Sums, nonce: int, every: int) -> None:
        self.sums, self.nonce, self.every = sums, nonce, every

    @rg.cast
    def take(self, value: int) -> None:
        number = value - self.nonce
        if self.sums.crash_now(number, self.every, before=True):
            raise RuntimeError("before")
        self.sums.add(value)
        if self.sums.crash_now(number, self.every, before=False):
            raise RuntimeError("after")


class Delivery(Bench):
    """Each method is a workload; all but two need a journal."""

    def version(self) -> str:
        return rg.__version__

    def s1(self, job: Job) -> Result:
        how = job.text("how", "supervised")

        async def main() -> Result:
            n, nonce = job.int("n"), job.nonce
            server = _sized(Sink, n + 10 if how == "cast" else _ROOM)
            async with rg.System([rg.child(server, name=SINK)]) as system:
                ref = system.ref(SINK, server)
                send = rg.supervised_send  # imported when first named, which is no part of a send
                started = now()
                if how == "supervised":
                    for value in range(nonce, nonce + n):
                        await send(ref, Sink.take(value), timeout=5.0)
                elif how == "call":
                    for value in range(nonce, nonce + n):
                        await ref.call(Sink.take(value), timeout=5.0)
                else:
                    for value in range(nonce, nonce + n):
                        ref.cast(Sink.add(value))
                count, total = await ref.call(Sink.totals(), timeout=_TIMEOUT)
                return {"seconds": now() - started, "proof": {"count": count, "total": total}}

        return asyncio.run(main())

    def s2(self, job: Job) -> Result:
        strategy = cast(Literal["best_effort", "all_or_nothing"], job.text("strategy", "best_effort"))

        async def main() -> Result:
            recipients, rounds, nonce = job.int("recipients"), job.int("rounds"), job.nonce
            children = [rg.child(Sink, name=f"{SINK}-{i}") for i in range(recipients)]
            async with rg.System(children) as system:
                refs = [system.ref(f"{SINK}-{i}", Sink) for i in range(recipients)]
                samples: list[float] = []
                started = now()
                for value in range(nonce, nonce + rounds):
                    before = now()
                    await rg.broadcast(refs, Sink.take(value), timeout=_TIMEOUT, strategy=strategy)
                    samples.append(now() - before)
                seconds = now() - started
                sums = [await ref.call(Sink.totals(), timeout=_TIMEOUT) for ref in refs]
                proof = {"count": sum(count for count, _ in sums), "total": sum(total for _, total in sums)}
                return {"seconds": seconds, "proof": proof, **percentiles(samples)}

        return asyncio.run(main())

    def w11(self, job: Job) -> Result:
        durable = job.text("durable") == "1"
        CrashReports(job).attach(logging.getLogger("regrow"))

        async def main(path: Path) -> Result:
            n, nonce, every = job.int("n"), job.nonce, job.int("crash_every")
            sums = Sums(n)
            child = rg.child(Fragile, name=SINK, args=(sums, nonce, every))
            journals = [rg.Journal(path / JOURNAL)] if durable else []
            system = rg.System([child], services=journals, **_RESTARTS)
            retries: rg.types.SendOptions = {"retries": 1_000, "backoff": _QUICK, "breaker": False}
            options: rg.types.SendOptions = {"durable": True} if durable else retries
            async with system:
                ref = system.ref(SINK, Fragile)

                async def send(value: int) -> None:
                    await rg.supervised_send(ref, Fragile.take(value), timeout=_TIMEOUT, **options)

                started = now()
                await _in_flight(job, send)
                if durable:
                    await _settled(journals[0])
                return {"seconds": now() - started, **sums.result()}

        with folder(job) as path:
            return asyncio.run(main(path))

    def s3(self, job: Job) -> Result:
        async def main(path: Path) -> Result:
            children = [rg.child(Sink, name=SINK)]
            if job.text("load") == "busy":
                children.append(rg.child(Busy, name="busy"))
            journal = _journal(path, job)
            accepted: list[float] = []
            every = 1 if job.text("ack") == "accepted" else _ACCEPTED_EVERY
            async with rg.System(children, services=[journal]) as system:
                ref = system.ref(SINK, Sink)

                async def send(value: int) -> None:
                    before = now()
                    ack: Literal["handled", "accepted"] = "handled" if value % every else "accepted"
                    await rg.supervised_send(ref, Sink.take(value), timeout=_TIMEOUT, durable=True, ack=ack)
                    if ack == "accepted":
                        accepted.append(now() - before)

                # What the first send of a program imports is no part of those that follow.
                await rg.supervised_send(ref, Sink.totals(), timeout=_TIMEOUT, durable=True)
                started = now()
                await _in_flight(job, send)
                await _settled(journal)
                seconds = now() - started
                count, total = await ref.call(Sink.totals(), timeout=_TIMEOUT)
                proof = {"count": count, "total": total, "left": await _left(journal, 1 + job.int("n"))}
                return {"seconds": seconds, "proof": proof, **percentiles(accepted, "accepted_")}

        with folder(job) as path, _timed_commits() as commits:
            found = asyncio.run(main(path))
            return {**found, **percentiles(commits, "commit_")}

    def s4(self, job: Job) -> Result:
        async def main(path: Path) -> Result:
            children = [rg.child(PersistentSink, name=SINK)]
            journal = _journal(path, job)
            async with rg.System(children, services=[journal]) as system:
                ref = system.ref(SINK, PersistentSink)

                async def send(value: int) -> None:
                    await ref.call(PersistentSink.take(value), timeout=_TIMEOUT)

                started = now()
                await _in_flight(job, send)
                seconds = now() - started
            again = _journal(path, job)
            async with rg.System(children, services=[again]) as system:
                ref = system.ref(SINK, PersistentSink)
                count, total = await ref.call(PersistentSink.totals(), timeout=_TIMEOUT)
                proof = {"count": count, "total": total, "left": await _left(again, 0)}
            return {"seconds": seconds, "proof": proof}

        with folder(job) as path, _timed_commits() as commits:
            found = asyncio.run(main(path))
            return {**found, **percentiles(commits, "commit_")}

    def s5(self, job: Job) -> Result:
        n, nonce = job.int("n"), job.nonce

        async def main(path: Path) -> Result:
            journal = _journal(path, job)
            async with rg.System([rg.child(Sink, name=SINK)], services=[journal]) as system:
                letters = journal.dead_letters
                started = now()
                redrive = await letters.redrive()
                redrive = await letters.wait(redrive.id)
                moved = now() - started
                await _settled(journal)
                handled = now() - started
                count, total = await system.ref(SINK, Sink).call(Sink.totals(), timeout=_TIMEOUT)
                proof = {"count": count, "total": total, "moved": redrive.moved}
                proof |= {"left": await _left(journal, n), "dead": (await journal.conservation()).dead}
                return {"seconds": moved, "handled_per_second": n / handled, "proof": proof}

        with folder(job) as path:
            files.write(path / JOURNAL, files.dead(n, nonce))
            return asyncio.run(main(path))

    def s6(self, job: Job) -> Result:
        n, nonce = job.int("n"), job.nonce

        async def main(path: Path) -> Result:
            journal = rg.Journal(path)
            count = total = 0
            took: list[float] = []
            async with rg.System([], services=[journal]):
                started = now()
                for query in dead_letters.queries(n, nonce):
                    where = _where(query)
                    samples: list[float] = []
                    for _ in range(_TIMES):
                        before = now()
                        page = await journal.dead_letters.list(limit=dead_letters.PAGE, **where)
                        samples.append(now() - before)
                    took.append(sorted(samples)[_TIMES // 2])
                    count += len(page.letters)
                    total += sum(letter.id for letter in page.letters)
                seconds = now() - started
            proof = {"count": count, "total": total}
            return {"seconds": seconds, "worst": max(took), "p50": percentiles(took)["p50"], "proof": proof}

        # Looked at where it is: a copy would take longer than all that is measured.
        home = files.built(job, f"dead-{n}", files.mixed(n, job.int("seed")))
        return asyncio.run(main(home / JOURNAL))

    def s7(self, job: Job) -> Result:
        n, opens, nonce = job.int("n"), job.int("opens"), job.nonce
        home = files.built(job, f"pending-{n}", files.pending(n, job.int("seed")))

        async def opened(path: Path) -> float:
            # Nobody has the recipient's name: they all stay.
            journal = rg.Journal(path)
            system = rg.System([], services=[journal])
            started = now()
            await system.start()
            seconds = now() - started
            live = journal.stats().live
            await system.stop(timeout=_TIMEOUT)
            if live != n:
                raise AssertionError(f"{live} are ready, not {n}")
            return seconds

        async def handled(path: Path) -> dict[str, int]:
            journal = rg.Journal(path, sync="none")
            async with rg.System([rg.child(Sink, name=SINK)], services=[journal]) as system:
                await _settled(journal)
                count, total = await system.ref(SINK, Sink).call(Sink.totals(), timeout=_TIMEOUT)
                return {"count": count, "total": total, "left": await _left(journal, n), "nonce": nonce}

        took: list[float] = []
        for _ in range(opens):
            with _copy(job, home) as path:
                took.append(asyncio.run(opened(path)))
        with _copy(job, home) as path:
            proof = asyncio.run(handled(path))
        return {"seconds": sum(took), "worst": max(took), "proof": proof, **percentiles(took)}


def _sized(server: type[Sink], capacity: int) -> type[Sink]:
    return cast(type[Sink], type("Sized", (server,), {"mailbox": rg.Mailbox(capacity=capacity)}))


def _journal(path: Path, job: Job) -> rg.Journal:
    return rg.Journal(path / JOURNAL, sync=cast(Literal["power", "process", "none"], job.text("level")))


async def _in_flight(job: Job, send: Callable[[int], Awaitable[None]]) -> None:
    """Sends all messages, so many at a time."""
    values = iter(range(job.nonce, job.nonce + job.int("n")))

    async def sender() -> None:
        for value in values:
            await send(value)

    async with asyncio.TaskGroup() as group:
        for _ in range(job.int("in_flight")):
            group.create_task(sender())


async def _settled(journal: rg.Journal) -> None:
    """Until all that was accepted is done, and that is committed."""
    while (stats := journal.stats()).live or stats.waiting:  # noqa: ASYNC110  # nobody is told of that
        await asyncio.sleep(0.0005)


async def _left(journal: rg.Journal, accepted: int) -> int:
    """What the file says of them: 0 if so many were accepted and all are done."""
    counts = await journal.conservation()
    return 0 if counts.done == counts.accepted == accepted else counts.accepted - counts.done


def _where(query: dead_letters.Query) -> dict[str, Any]:
    found = {key: getattr(query, key) for key in dead_letters.FIELDS if getattr(query, key) is not None}
    if query.newer_us is not None:
        found["since"] = query.newer_us / 1e6
    if query.older_us is not None:
        found["until"] = query.older_us / 1e6
    return found


@contextmanager
def _copy(job: Job, home: Path) -> Iterator[Path]:
    with folder(job) as path:
        shutil.copytree(home, path / "copy")
        yield path / "copy" / JOURNAL


@contextmanager
def _timed_commits() -> Iterator[list[float]]:
    """How long each transaction takes on its thread, waits for the interpreter included."""
    commit, took = SqliteStore.commit, list[float]()

    def timed(store: SqliteStore, batch: list[Operation]) -> None:
        before = now()
        commit(store, batch)
        took.append(now() - before)

    SqliteStore.commit = timed  # type: ignore[method-assign,assignment]
    yield took
    SqliteStore.commit = commit  # type: ignore[method-assign]


BENCH = Delivery()
