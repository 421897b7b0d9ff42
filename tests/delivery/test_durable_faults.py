"""A journal whose disk fails: what was accepted stays, what wasn't is told so."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Never

import pytest

import regrow as rg
from regrow import errors
from regrow.delivery.journal.memory import MemoryStore
from regrow.delivery.journal.operations import Accept, Operation, SaveState, Settle
from regrow.delivery.journal.rows import SavedState
from regrow.delivery.service import journal_on
from regrow.errors import JournalFailed, StaleEpoch
from regrow.testing import pass_time as pause
from regrow.testing import run_virtual
from tests.delivery.durable_kit import Box, Events, Machine, Mortal, inside, ports, run_system, settled

BOX = rg.child(Box, name="box")


def on_machine(
    body: Callable[[rg.System, rg.Journal, Machine], Awaitable[None]], *children: rg.ChildSpec
) -> None:
    async def main() -> None:
        machine = Machine()
        journal = machine.journal()
        await run_system(journal, lambda system: body(system, journal, machine), *children)

    run_virtual(main())


def send(message: object, to: str = "box") -> Coroutine[object, Never, rg.Delivery[object]]:
    return rg.supervised_send(to, message, timeout=5.0, durable=True, ack="accepted")


def test_g1_a_commit_that_fails_accepts_nothing_and_says_so() -> None:
    async def body(system: rg.System, journal: rg.Journal, machine: Machine) -> None:
        events = Events(system, "journal.trouble")
        machine.store.broken = True
        with pytest.raises(JournalFailed, match="it is broken"):
            await send(Box.note(1))
        assert Box.kept == []
        machine.store.broken = False
        await send(Box.note(2))
        await settled()
        assert Box.kept == [2]
        counts = await journal.conservation()
        assert (counts.accepted, counts.done) == (1, 1)
        assert [event.error is None for event in events.seen] == [False, True]  # type: ignore[attr-defined]

    on_machine(body, BOX)


def test_what_was_handled_while_the_disk_failed_is_settled_when_it_is_mended() -> None:
    async def body(system: rg.System, journal: rg.Journal, machine: Machine) -> None:
        await send(Box.wait(1.0))
        await send(Box.note(2))
        await settled()
        machine.store.broken = True
        await pause(20.0)
        assert Box.kept == ["begun", "ended", 2]
        assert journal.stats().trouble is not None
        assert (await journal.conservation()).live == 2
        with pytest.raises(JournalFailed):
            await send(Box.note(3))
        machine.store.broken = False
        await pause(10.0)
        assert journal.stats().trouble is None
        assert Box.kept == ["begun", "ended", 2]
        counts = await journal.conservation()
        assert (counts.accepted, counts.done, counts.live) == (2, 2, 0)

    on_machine(body, BOX)


def test_nothing_is_handed_out_while_its_end_could_not_be_written() -> None:
    async def body(system: rg.System, journal: rg.Journal, machine: Machine) -> None:
        await send(Box.wait(1.0))
        await send(Box.note(2), to="late")
        await settled()
        machine.store.broken = True
        await pause(2.0)
        late = rg.child(Box, id="late", name="late", kwargs={"fresh": False})
        await system.root.call(rg.Supervisor.start_child(late), timeout=5.0)
        await pause(2.0)
        assert 2 not in Box.kept
        machine.store.broken = False
        await pause(10.0)
        assert Box.kept == ["begun", "ended", 2]

    on_machine(body, BOX)


def test_a_refused_message_does_not_keep_others_from_being_handed_out() -> None:
    async def body(system: rg.System, journal: rg.Journal, machine: Machine) -> None:
        await send(Box.note(1), to="late")
        machine.store.broken = True
        with pytest.raises(JournalFailed):
            await send(Box.note(2), to="late")
        machine.store.broken = False
        late = rg.child(Box, id="late", name="late")
        await system.root.call(rg.Supervisor.start_child(late), timeout=5.0)
        await pause(1.0)
        assert Box.kept == [1]
        assert (await journal.conservation()).live == 0

    on_machine(body)


def test_kill_9_while_the_disk_fails_loses_nothing_accepted() -> None:
    async def main() -> None:
        machine = Machine()
        journal = machine.journal()
        system = rg.System([BOX], services=[journal], ports=ports())
        await system.start()
        await send(Box.wait(1.0))
        await settled()
        machine.store.broken = True
        await pause(5.0)
        await machine.kill(system)
        again = machine.journal()

        async def second(system: rg.System) -> None:
            await pause(5.0)
            counts = await again.conservation()
            assert (counts.accepted, counts.done, counts.live) == (1, 1, 0)

        await run_system(again, second, BOX)

    run_virtual(main())


def test_a_stale_epoch_fails_its_own_unit_and_nobody_elses() -> None:
    async def body(system: rg.System, journal: rg.Journal, machine: Machine) -> None:
        def state(epoch: int) -> SaveState:
            return SaveState(
                SavedState(name="s", type="t", schema=1, epoch=epoch, version=0, data=b"", updated_us=0)
            )

        old, new = inside(journal).claim("s"), inside(journal).claim("s")
        assert (old, new) == (1, 2)
        await inside(journal).submit([state(new)])
        sent = asyncio.ensure_future(send(Box.note(1)))
        stale = inside(journal).submit([state(old)])
        good = inside(journal).submit([state(new)])
        with pytest.raises(StaleEpoch):
            await stale
        await good
        assert (await sent).status == "accepted"

    on_machine(body, BOX)


def test_one_transaction_holds_what_came_meanwhile_up_to_512_operations_in_order() -> None:
    batches: list[list[Operation]] = []

    async def body(system: rg.System, journal: rg.Journal, machine: Machine) -> None:
        commit = machine.store.commit

        def watched(batch: list[Operation]) -> None:
            batches.append(list(batch))
            commit(batch)

        machine.store.commit = watched  # type: ignore[method-assign,assignment]
        sends = [send(Box.note(n), to="nobody") for n in range(1200)]
        done = await asyncio.gather(*sends)
        assert {one.status for one in done} == {"accepted"}

    on_machine(body)
    assert [len(batch) for batch in batches] == [512, 512, 176]
    ids = [op.live.id for batch in batches for op in batch if isinstance(op, Accept)]
    assert ids == sorted(ids)


def test_a_transaction_ends_at_two_megabytes() -> None:
    sizes: list[int] = []

    async def body(system: rg.System, journal: rg.Journal, machine: Machine) -> None:
        commit = machine.store.commit

        def watched(batch: list[Operation]) -> None:
            sizes.append(len(batch))
            commit(batch)

        machine.store.commit = watched  # type: ignore[method-assign,assignment]
        payload = "x" * 900_000
        await asyncio.gather(
            *(
                rg.supervised_send("nobody", payload, timeout=5.0, durable=True, ack="accepted")
                for _ in range(5)
            )
        )

    on_machine(body)
    assert sizes == [3, 2]


def test_while_something_waits_to_be_written_new_messages_are_refused_at_once() -> None:
    async def body(system: rg.System, journal: rg.Journal, machine: Machine) -> None:
        machine.store.broken = True
        inside(journal).opened.writer.add((Settle(2),), _Essential())
        await settled()
        machine.store.broken = False
        with pytest.raises(JournalFailed):
            await send(Box.note(1))
        await pause(1.0)
        assert (await send(Box.note(2))).status == "accepted"

    on_machine(body, BOX)


class _Essential:
    def committed(self) -> None: ...

    def failed(self, error: object) -> bool:
        return True


class _Slow(Mortal):
    """Waits for a permission, as for a disk that hangs."""

    blocking = True

    def __init__(self) -> None:
        super().__init__(MemoryStore())
        self.permission = threading.Event()

    def commit(self, batch: Sequence[Operation]) -> None:
        assert self.permission.wait(10.0)
        super().commit(batch)


def test_a_send_that_is_not_committed_in_time_says_that_nobody_knows() -> None:
    async def main() -> None:
        store = _Slow()
        journal = journal_on(store.as_store())

        async def body(system: rg.System) -> None:
            loop: Any = asyncio.get_running_loop()
            with loop.jumping(), pytest.raises(errors.DeliveryTimeout):
                await send(Box.note(1))
            store.permission.set()
            assert (await send(Box.note(2))).status == "accepted"
            await settled()
            assert Box.kept == [1, 2]

        await run_system(journal, body, BOX)

    run_virtual(main())


def test_an_error_that_nobody_expects_begins_everything_anew() -> None:
    async def body(system: rg.System, journal: rg.Journal, machine: Machine) -> None:
        boot = inside(journal).boot
        commit = machine.store.commit

        def broken(batch: Sequence[Operation]) -> None:
            machine.store.commit = commit  # type: ignore[method-assign]
            raise ZeroDivisionError

        machine.store.commit = broken  # type: ignore[method-assign]
        with pytest.raises(JournalFailed):
            await send(Box.note(1))
        await settled()
        assert inside(journal).boot == boot + 1
        assert (await send(Box.note(2))).status == "accepted"
        await settled()
        assert Box.kept == [2]

    on_machine(body, BOX)


def test_a_stop_writes_what_is_still_to_be_written() -> None:
    async def main() -> None:
        machine = Machine()
        journal = machine.journal()

        async def first(system: rg.System) -> None:
            await asyncio.gather(*(send(Box.note(n)) for n in range(100)))

        await run_system(journal, first, BOX)
        counts = machine.disk.reader().counts()
        assert counts.accepted == 100
        assert counts.balanced
        again = machine.journal()

        async def second(system: rg.System) -> None:
            await settled()
            assert (await again.conservation()).done == 100

        await run_system(again, second, BOX)

    run_virtual(main())
