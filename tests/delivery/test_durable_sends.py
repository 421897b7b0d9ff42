"""Durable sends as their senders see them."""

from __future__ import annotations

import asyncio
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

import regrow as rg
from regrow import errors
from regrow.delivery.journal.rows import Filter
from regrow.testing import pass_time as pause
from regrow.testing import run_virtual
from tests.delivery.durable_kit import Box, Events, inside, play, ports, run_system, settled

BOX = rg.child(Box, name="box")


def test_the_reply_of_a_handled_call_comes_back() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        delivery = await rg.supervised_send(system.ref("box", Box), Box.put(4), timeout=5.0, durable=True)
        assert (delivery.status, delivery.reply, delivery.attempts, delivery.error) == ("handled", 8, 1, None)
        assert delivery.recipient == "box"
        await settled()
        assert (await journal.conservation()).done == 1

    play(body, BOX)


def test_g1_accepted_is_said_after_the_commit_and_not_before() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        box = system.whereis("box")
        assert box is not None
        system.suspend(box)
        delivery = await rg.supervised_send("box", Box.note(1), timeout=5.0, durable=True, ack="accepted")
        assert delivery.status == "accepted"
        counts = await journal.conservation()
        assert (counts.accepted, counts.live) == (1, 1)

    async def main() -> None:
        journal = rg.Journal.in_memory()
        await run_system(journal, lambda system: body(system, journal), BOX)

    run_virtual(main())


def test_a_declared_exception_is_an_answer_and_settles() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        events = Events(system, "delivery")
        delivery = await rg.supervised_send("box", Box.refuse(3), timeout=5.0, durable=True, retries=5)
        assert delivery.status == "rejected"
        assert isinstance(delivery.error, ValueError)
        await settled()
        assert Box.kept == [3]
        assert journal.stats().rejected == 1
        counts = await journal.conservation()
        assert (counts.done, counts.dead) == (1, 0)
        assert events.names == ["delivery.accepted", "delivery.rejected"]

    play(body, BOX)


def test_the_callers_timeout_ends_only_its_wait() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        delivery = await rg.supervised_send("box", Box.wait(60.0), timeout=1.0, durable=True)
        assert delivery.status == "accepted"
        assert delivery.seconds == pytest.approx(1.0)
        await pause(60.0)
        assert Box.kept == ["begun", "ended"]
        assert (await journal.conservation()).done == 1

    play(body, BOX)


@pytest.mark.parametrize("timeout", [0, -1.0, inf, nan, None, "5", [5.0], 1e6, True])
def test_a_durable_send_has_a_finite_timeout(timeout: Any) -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        box = system.ref("box", Box)
        for ok in (1, 5.0, 5):  # and each has a line of its own then, or that of an equal one
            await rg.supervised_send(box, Box.note(1), timeout=ok, durable=True)
        with pytest.raises(errors.BadTimeout):
            await rg.supervised_send(box, Box.note(0), timeout=timeout, durable=True)
        assert (await journal.conservation()).accepted == 3

    play(body, BOX)


def test_a_cancelled_sender_leaves_the_message_to_be_delivered() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        task = asyncio.ensure_future(rg.supervised_send("box", Box.wait(1.0), timeout=9.0, durable=True))
        await settled()
        task.cancel()
        await pause(2.0)
        assert task.cancelled()
        assert Box.kept == ["begun", "ended"]

    play(body, BOX)


def test_a_pid_with_a_name_is_stored_as_its_name_and_one_without_is_refused() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        named = system.ref("box", Box).whereis()
        assert named is not None
        delivery = await rg.supervised_send(named, Box.put(1), timeout=5.0, durable=True)
        assert delivery.recipient == "box"
        supervisor = system.root
        with pytest.raises(errors.BadAddress, match="stored by name"):
            await rg.supervised_send(supervisor, rg.Supervisor.count_children(), timeout=5.0, durable=True)
        assert (await journal.conservation()).accepted == 1

    play(body, BOX)


def test_without_a_journal_nothing_is_sent() -> None:
    async def main() -> None:
        async with rg.System([BOX]):
            with pytest.raises(errors.NoJournal, match="durable=True"):
                await rg.supervised_send("box", Box.put(1), timeout=5.0, durable=True)
            assert Box.kept == []

    run_virtual(main())


def test_a_server_does_not_wait_for_itself() -> None:
    class Selfish(rg.GenServer):
        @rg.call
        async def ask(self) -> str:
            with pytest.raises(errors.CallToSelf):
                await rg.supervised_send("selfish", Selfish.ask(), timeout=5.0, durable=True)
            delivery = await rg.supervised_send(
                "selfish", Selfish.later(), timeout=5.0, durable=True, ack="accepted"
            )
            return delivery.status

        @rg.cast
        def later(self) -> None: ...

    async def body(system: rg.System, journal: rg.Journal) -> None:
        assert await system.ref("selfish", Selfish).call(Selfish.ask(), timeout=5.0) == "accepted"
        await settled()
        assert (await journal.conservation()).done == 1

    play(body, rg.child(Selfish, name="selfish"))


def test_the_handler_knows_its_delivery() -> None:
    class Curious(rg.GenServer):
        @rg.call
        def who(self) -> list[object]:
            now = rg.current_delivery()
            assert now is not None
            return [now.id, now.idempotency_key, now.attempt, now.redrives, dict(now.metadata)]

        @rg.call
        async def who_async(self) -> str:
            now = rg.current_delivery()
            assert now is not None
            return now.id

    async def body(system: rg.System, journal: rg.Journal) -> None:
        sent = await rg.supervised_send(
            "curious", Curious.who(), timeout=5.0, durable=True, idempotency_key="k1", metadata={"a": [1]}
        )
        assert sent.reply == [sent.id, "k1", 1, 0, {"a": [1]}]
        sent = await rg.supervised_send("curious", Curious.who_async(), timeout=5.0, durable=True)
        assert sent.reply == sent.id

    play(body, rg.child(Curious, name="curious"))


def test_ids_are_uuid7_and_differ() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> set[str]:
        return {
            (await rg.supervised_send("box", Box.note(n), timeout=5.0, durable=True, ack="accepted")).id
            for n in range(50)
        }

    ids = play(body, BOX)
    assert len(ids) == 50
    assert {one[12] for one in ids} == {"7"}


def test_a_delay_puts_off_and_survives_a_restart() -> None:
    async def main() -> None:
        journal = rg.Journal.in_memory()

        async def first(system: rg.System) -> None:
            await rg.supervised_send(
                "box", Box.note(1), timeout=5.0, durable=True, delay=100.0, ack="accepted"
            )
            await pause(50.0)
            assert Box.kept == []

        async def second(system: rg.System) -> None:
            await pause(49.0)
            assert Box.kept == []
            await pause(1.1)
            assert Box.kept == [1]

        await run_system(journal, first, BOX)
        await run_system(journal, second, BOX)

    run_virtual(main())


def test_an_expired_message_is_dead_and_was_never_handled() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        delivery = await rg.supervised_send(
            "nobody", Box.note(1), timeout=60.0, durable=True, expires_in=10.0
        )
        assert delivery.status == "dead_lettered"
        assert delivery.seconds == pytest.approx(10.0)
        (letter,) = await inside(journal).read(lambda reader: reader.dead(_all()))
        assert letter.burial.reason == "expired"
        assert journal.stats().expired == 1

    play(body)


def test_an_expired_message_in_a_mailbox_is_dropped_there() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        await rg.supervised_send("box", Box.wait(30.0), timeout=5.0, durable=True, ack="accepted")
        delivery = await rg.supervised_send("box", Box.put(7), timeout=60.0, durable=True, expires_in=10.0)
        assert delivery.status == "dead_lettered"
        await pause(60.0)
        assert Box.kept == ["begun", "ended"]
        counts = await journal.conservation()
        assert (counts.done, counts.dead, counts.live) == (1, 1, 0)

    play(body, BOX)


def test_ignore_is_a_counted_discard() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        delivery = await rg.supervised_send(
            "nobody", Box.note(1), timeout=60.0, durable=True, expires_in=1.0, on_error="ignore"
        )
        assert delivery.status == "ignored"
        counts = await journal.conservation()
        assert (counts.discarded, counts.dead, counts.balanced) == (1, 0, True)
        assert journal.stats().discarded == 1

    play(body)


def test_other_policies_are_refused() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        with pytest.raises(errors.BadDeliveryOption, match="on_error"):
            await rg.supervised_send("box", Box.note(1), timeout=5.0, durable=True, on_error="raise")
        assert (await journal.conservation()).accepted == 0

    play(body, BOX)


def test_a_message_that_can_not_be_written_is_refused() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        with pytest.raises(errors.EncodeFailed):
            await rg.supervised_send("plain", (1, 2), timeout=5.0, durable=True)
        with pytest.raises(errors.EncodeFailed):
            await rg.supervised_send("plain", object(), timeout=5.0, durable=True)
        assert (await journal.conservation()).accepted == 0

    play(body)


def test_infos_go_to_plain_processes_and_are_handled_when_they_ask_for_the_next() -> None:
    seen: list[object] = []

    async def plain() -> None:
        while True:
            seen.append(await rg.receive())
            await pause(1.0)

    async def body(system: rg.System, journal: rg.Journal) -> None:
        delivery = await rg.supervised_send("plain", {"a": [1, b"x"]}, timeout=5.0, durable=True)
        assert delivery.status == "handled"
        assert delivery.seconds == pytest.approx(1.0)
        assert seen == [{"a": [1, b"x"]}]

    play(body, rg.child(plain, name="plain"))


def test_a_full_journal_refuses() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        for n in range(2):
            await rg.supervised_send("nobody", Box.note(n), timeout=5.0, durable=True, ack="accepted")
        with pytest.raises(errors.JournalFull, match="2 live deliveries, allowed are 2"):
            await rg.supervised_send("nobody", Box.note(3), timeout=5.0, durable=True, ack="accepted")
        assert (await journal.conservation()).accepted == 2

    play(body, journal=rg.Journal.in_memory(capacity=2))


def test_a_journal_is_full_with_what_is_not_written_yet() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        async def send(n: int) -> str:
            try:
                await rg.supervised_send("nobody", Box.note(n), timeout=5.0, durable=True, ack="accepted")
            except errors.JournalFull as error:
                return str(error)
            return "accepted"

        full = "3 live deliveries, allowed are 3"
        for room in (3, 0):
            sent = await asyncio.gather(*(send(n) for n in range(5)))
            assert sent[:room] == ["accepted"] * room
            assert all(full in one for one in sent[room:])
        assert (await journal.conservation()).accepted == 3

    play(body, journal=rg.Journal.in_memory(capacity=3))


def test_g9_full_dead_letters_refuse_new_messages() -> None:
    policy = rg.DeadLetterPolicy(max_count=1, retries=0)

    async def body(system: rg.System, journal: rg.Journal) -> None:
        await rg.supervised_send("nobody", Box.note(1), timeout=5.0, durable=True, expires_in=1.0)
        with pytest.raises(errors.JournalFull, match="dead letters"):
            await rg.supervised_send("nobody", Box.note(2), timeout=5.0, durable=True)
        counts = await journal.conservation()
        assert (counts.accepted, counts.dead) == (1, 1)

    play(body, journal=rg.Journal.in_memory(dead_letters=policy))


def test_g9_drop_oldest_drops_the_oldest_and_counts_it() -> None:
    policy = rg.DeadLetterPolicy(max_count=1, retries=0, overflow="drop_oldest")

    async def body(system: rg.System, journal: rg.Journal) -> None:
        ids = [
            (await rg.supervised_send("nobody", Box.note(n), timeout=5.0, durable=True, expires_in=1.0)).id
            for n in range(3)
        ]
        await settled()
        letters = await inside(journal).read(lambda reader: reader.dead(_all()))
        assert [letter.live.mid.hex() for letter in letters] == ids[-1:]
        counts = await journal.conservation()
        assert (counts.accepted, counts.dead, counts.discarded, counts.balanced) == (3, 1, 2, True)

    play(body, journal=rg.Journal.in_memory(dead_letters=policy))


def test_a_journal_that_is_not_open_says_so() -> None:
    journal = rg.Journal.in_memory()
    with pytest.raises(errors.JournalNotRunning, match="services"):
        journal.stats()
    assert "closed" in repr(journal)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("capacity", 0),
        ("concurrency", True),
        ("dead_letters", 3),
        ("aliases", {"a": "b"}),
        ("code_version", 1),
    ],
)
def test_bad_options_are_refused_at_once(option: str, value: object) -> None:
    with pytest.raises(errors.BadSetting, match=option):
        rg.Journal.in_memory(**{option: value})  # type: ignore[arg-type]


def test_a_path_that_is_none_is_refused() -> None:
    with pytest.raises(errors.BadSetting, match=r"Journal\(path=None\)"):
        rg.Journal(None)  # type: ignore[arg-type]


def test_a_bad_sync_level_is_refused() -> None:
    with pytest.raises(errors.BadSetting, match="sync"):
        rg.Journal("x.db", sync="often")  # type: ignore[arg-type]


def _all() -> Filter:
    return Filter()


def test_who_has_the_same_name_in_another_system_is_somebody_else() -> None:
    class Across(rg.GenServer):
        @rg.call
        async def ask(self, other: object) -> object:
            assert isinstance(other, rg.Ref)
            return (await rg.supervised_send(other, Box.put(4), timeout=5.0, durable=True)).reply

    async def body(system: rg.System, journal: rg.Journal) -> None:
        services = [rg.Journal.in_memory()]
        async with rg.System([rg.child(Across, name="box")], services=services, ports=ports()) as other:
            ask = Across.ask(system.ref("box", Box))
            assert await other.ref("box", Across).call(ask, timeout=5.0) == 8

    play(body, BOX)


def test_one_journal_is_not_for_two_systems_at_a_time() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        other = rg.System(services=[journal], ports=ports(), name="other")
        with pytest.raises(errors.ChildStartFailed, match=r"JournalLocked.*belongs to System 'regrow'"):
            await other.start()
        assert (await rg.supervised_send("box", Box.put(4), timeout=5.0, durable=True)).reply == 8
        assert (await journal.dead_letters.list()).letters == ()
        await system.stop()
        async with other:
            assert (await journal.dead_letters.list()).letters == ()
            assert (await journal.conservation()).done == 1

    play(body, BOX)


def test_a_transaction_begins_while_many_sends_are_still_being_made(tmp_path: Path) -> None:
    """So that the disk works while the loop goes on: the first 128 don't wait for the others."""

    async def main() -> int:
        journal = rg.Journal(tmp_path / "journal.db")
        async with rg.System([], services=[journal]) as system:
            nobody, before = system.ref("nobody", Box), journal.stats().commits
            sends = (
                rg.supervised_send(nobody, Box.put(n), timeout=20.0, durable=True, ack="accepted")
                for n in range(200)
            )
            assert {sent.status for sent in await asyncio.gather(*sends)} == {"accepted"}
            return journal.stats().commits - before

    assert asyncio.run(main()) == 2
