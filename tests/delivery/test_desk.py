"""The desk: to whom, when and how often what is owed is handed out."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest
from typing_extensions import Unpack

import regrow as rg
from regrow.core.ports import MailboxDecision
from regrow.delivery.journal.rows import Filter
from regrow.testing import pass_time as pause
from regrow.testing import run_virtual
from tests.delivery.durable_kit import Box, Events, Poison, inside, play, run_system, settled

BOX = rg.child(Box, name="box")
POISON = rg.child(Poison, name="poison")


async def start(system: rg.System, spec: rg.ChildSpec) -> None:
    await system.root.call(rg.Supervisor.start_child(spec), timeout=5.0)


async def accept(to: str, *messages: rg.types.Message, **options: Unpack[rg.types.SendOptions]) -> None:
    """Send these, one after the other, without waiting for handlers."""
    for message in messages:
        given: rg.types.SendOptions = {"durable": True, "ack": "accepted", **options}
        what: object = message
        await rg.supervised_send(to, what, timeout=5.0, **given)


# -- names -----------------------------------------------------------------------------------------


def test_g2_a_free_name_parks_until_somebody_takes_it() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        await accept("box", Box.note(1), Box.note(2))
        await pause(1000.0)
        assert journal.stats().parked == 2
        await start(system, BOX)
        await settled()
        assert Box.kept == [1, 2]
        assert (await journal.conservation()).done == 2

    play(body)


def test_a_name_given_by_the_registry_wakes_it_as_well() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        await accept("box", Box.note(1))
        pid = await system.root.call(rg.Supervisor.start_child(rg.child(Box)), timeout=5.0)
        assert pid is not None
        system.registry.register("box", pid)
        await settled()
        assert Box.kept == [1]

    play(body)


def test_what_stands_in_the_mailbox_of_a_stopped_process_goes_to_the_next_one() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        await accept("box", Box.wait(50.0), *(Box.note(n) for n in range(5)))
        await settled()
        await system.root.call(rg.Supervisor.terminate_child("box"), timeout=5.0)
        await settled()
        assert journal.stats().released == 6
        await system.root.call(rg.Supervisor.restart_child("box"), timeout=5.0)
        await pause(60.0)
        assert Box.kept == ["begun", "ended", 0, 1, 2, 3, 4]
        counts = await journal.conservation()
        assert (counts.done, counts.live) == (6, 0)
        assert journal.stats().crashes == 0

    play(body, BOX)


def test_a_hand_out_that_never_began_is_not_blamed_for_the_crash() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        Poison.reset(p1=1)
        await accept("poison", Poison.sleep(1.0), Poison.eat(1), Poison.eat(2), Poison.eat(3))
        await pause(50.0)
        assert Poison.begun == [0, 1, 2, 3, 1]
        assert journal.stats().crashes == 1
        assert journal.stats().released == 2

    play(body, POISON)


# -- order and concurrency -------------------------------------------------------------------------


def test_one_recipient_has_at_most_its_concurrency_in_its_mailbox() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        await accept("box", *(Box.wait(1.0) for _ in range(9)))
        await settled()
        stats = journal.stats()
        assert (stats.out, stats.parked) == (3, 6)
        await pause(20.0)
        assert (await journal.conservation()).done == 9

    play(body, BOX, journal=rg.Journal.in_memory(concurrency=3))


def test_a_full_mailbox_gets_more_only_as_places_come_free_and_nothing_is_lost() -> None:
    class Small(Box):
        mailbox = rg.Mailbox(capacity=2, overflow="drop_oldest")

    async def body(system: rg.System, journal: rg.Journal) -> None:
        ref = system.ref("small", Small)
        await accept("small", *(Small.wait(1.0) for _ in range(8)))
        ref.send("an info that may be dropped")
        await pause(30.0)
        assert Small.kept == ["begun", "ended"] * 8
        assert (await journal.conservation()).done == 8
        assert system.statistics().dropped <= 1

    play(body, rg.child(Small, name="small"))


def test_what_a_hook_drops_was_an_attempt_that_failed_and_says_so() -> None:
    dropped: list[object] = []

    def hook(sender: object, target: object, message: object, lossy: bool) -> MailboxDecision:
        if not isinstance(message, rg.types.Message):
            return "deliver"
        dropped.append(message)
        return "drop"

    async def body(system: rg.System, journal: rg.Journal) -> None:
        options: rg.types.SendOptions = {"durable": True, "retries": 1, "on_error": "dead_letter"}
        delivery = await rg.supervised_send("box", Box.put(1), timeout=30.0, **options)
        assert (delivery.status, delivery.attempts, len(dropped)) == ("dead_lettered", 2, 2)
        assert isinstance(delivery.error, rg.errors.HandOutLost)
        assert delivery.error.recipient == "box"
        assert "lost on its way to 'box'" in str(delivery.error)

    play(body, BOX, ports=rg.Ports(mailbox_hook=hook))


def test_infos_stand_in_line_for_a_place_too() -> None:
    seen: list[object] = []

    async def slow() -> None:
        while True:
            seen.append(await rg.receive(int))
            await pause(1.0)

    async def body(system: rg.System, journal: rg.Journal) -> None:
        for n in range(5):
            await rg.supervised_send("slow", n, timeout=5.0, durable=True, ack="accepted")
        await pause(30.0)
        assert seen == [0, 1, 2, 3, 4]
        assert (await journal.conservation()).done == 5

    play(body, rg.child(slow, name="slow"), settings=rg.Settings(mailbox_capacity=1))


def test_g7_a_lane_is_handled_in_order_over_retries_and_crashes() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        Poison.reset(p1=1, p2=1)
        await accept("poison", *(Poison.eat(n) for n in (1, 2, 3)), ordering_key="a")
        await accept("poison", *(Poison.eat(n) for n in (11, 12)))
        await settled()
        assert [value for value in Poison.begun if value > 10] == [11, 12]  # they don't wait for the lane
        await pause(50.0)
        assert [value for value in Poison.begun if value < 10] == [1, 1, 2, 2, 3]
        assert (await journal.conservation()).done == 5

    play(body, POISON)


def test_g7_a_message_of_a_lane_waits_for_the_settle_of_the_one_before() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        await accept("box", Box.wait(1.0), Box.note(2), Box.note(3), ordering_key="a")
        await accept("box", Box.note(9), ordering_key="b")
        await settled()
        assert journal.stats().out == 2  # the first of each lane
        await pause(5.0)
        assert Box.kept in (["begun", "ended", 9, 2, 3], ["begun", "ended", 2, 9, 3])

    play(body, BOX)


def test_a_lane_goes_on_when_its_first_message_dies() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        await accept("box", Box.note(1), ordering_key="a", expires_in=5.0)
        await accept("box", Box.note(2), ordering_key="a", expires_in=3.0)
        await accept("box", Box.note(3), ordering_key="a")
        await pause(10.0)
        await start(system, BOX)
        await settled()
        assert Box.kept == [3]
        counts = await journal.conservation()
        assert (counts.dead, counts.done) == (2, 1)

    play(body)


def test_a_delayed_message_holds_its_lane_and_nobody_else() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        await accept("box", Box.note(1), ordering_key="a", delay=10.0)
        await accept("box", Box.note(2), ordering_key="a")
        await accept("box", Box.note(3))
        await pause(5.0)
        assert Box.kept == [3]
        await pause(6.0)
        assert Box.kept == [3, 1, 2]

    play(body, BOX)


# -- attempts --------------------------------------------------------------------------------------


def test_an_attempt_that_times_out_is_not_begun_again_beside_itself() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        delivery = await rg.supervised_send(
            "box", Box.wait(10.0), timeout=60.0, durable=True, attempt_timeout=1.0, retries=3
        )
        assert delivery.status == "handled"
        assert Box.kept == ["begun", "ended"]
        assert delivery.seconds == pytest.approx(10.0)
        assert delivery.attempts == 2  # the one that was late, and its own late success

    play(body, BOX)


def test_the_last_attempt_that_times_out_is_dead_at_once_and_its_late_end_changes_nothing() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        delivery = await rg.supervised_send(
            "box", Box.wait(10.0), timeout=60.0, durable=True, attempt_timeout=1.0
        )
        assert delivery.status == "dead_lettered"
        assert delivery.seconds == pytest.approx(1.0)
        assert isinstance(delivery.error, rg.errors.CallTimeout)
        await pause(20.0)
        counts = await journal.conservation()
        assert (counts.done, counts.dead, counts.balanced) == (0, 1, True)
        (letter,) = await inside(journal).read(lambda reader: reader.dead(Filter()))
        (attempt,) = await inside(journal).read(lambda reader: reader.attempts(letter.live.id))
        assert (letter.burial.reason, letter.live.attempts, attempt.outcome) == ("max_attempts", 1, "timeout")

    play(body, BOX)


def test_a_reply_handle_that_is_lost_is_a_failed_attempt_with_back_off() -> None:
    class Careless(rg.GenServer):
        times: ClassVar[list[float]] = []

        @rg.call
        def ask(self) -> None:
            Careless.times.append(asyncio.get_running_loop().time())
            rg.reply_later()

    async def body(system: rg.System, journal: rg.Journal) -> None:
        backoff = rg.ExponentialBackoff(base=1.0, cap=10.0, jitter="none")
        delivery = await rg.supervised_send(
            "careless", Careless.ask(), timeout=60.0, durable=True, retries=2, backoff=backoff
        )
        assert delivery.status == "dead_lettered"
        assert isinstance(delivery.error, rg.errors.ReplyLost)
        assert Careless.times == [pytest.approx(0.0), pytest.approx(1.0), pytest.approx(3.0)]
        (letter,) = await inside(journal).read(lambda reader: reader.dead(Filter()))
        attempts = await inside(journal).read(lambda reader: reader.attempts(letter.live.id))
        assert [attempt.outcome for attempt in attempts] == ["error"] * 3
        assert [attempt.delay_us for attempt in attempts][:2] == [1_000_000, 2_000_000]

    play(body, rg.child(Careless, name="careless"))


def test_a_retry_that_waits_survives_a_restart_with_its_due_time() -> None:
    class Careless(rg.GenServer):
        times: ClassVar[list[float]] = []

        @rg.call
        def ask(self) -> None:
            Careless.times.append(asyncio.get_running_loop().time())
            rg.reply_later()

    async def main() -> None:
        journal = rg.Journal.in_memory()
        careless = rg.child(Careless, name="careless")
        backoff = rg.ExponentialBackoff(base=100.0, cap=100.0, jitter="none")

        async def first(system: rg.System) -> None:
            await accept("careless", Careless.ask(), retries=1, backoff=backoff)
            await pause(30.0)

        async def second(system: rg.System) -> None:
            await pause(100.0)
            (letter,) = await inside(journal).read(lambda reader: reader.dead(Filter()))
            assert letter.live.attempts == 2

        await run_system(journal, first, careless)
        await run_system(journal, second, careless)
        assert Careless.times == [pytest.approx(0.0), pytest.approx(100.0)]

    run_virtual(main())


def test_a_late_answer_counts() -> None:
    class Later(rg.GenServer):
        @rg.call
        def ask(self) -> str:
            handle = rg.reply_later()
            asyncio.get_running_loop().call_later(5.0, handle.reply, "late")
            return ""

    async def body(system: rg.System, journal: rg.Journal) -> None:
        delivery = await rg.supervised_send("later", Later.ask(), timeout=60.0, durable=True)
        assert (delivery.status, delivery.reply) == ("handled", "late")

    play(body, rg.child(Later, name="later"))


def test_a_server_that_stops_itself_has_handled_its_message() -> None:
    class Once(rg.GenServer):
        count: ClassVar[int] = 0

        @rg.call
        def last(self, reply: bool) -> str:
            Once.count += 1
            self.stop(reply=reply)
            return "done"

    async def body(system: rg.System, journal: rg.Journal) -> None:
        delivery = await rg.supervised_send("once", Once.last(True), timeout=5.0, durable=True)
        assert (delivery.status, delivery.reply) == ("handled", "done")
        await system.root.call(rg.Supervisor.restart_child("once"), timeout=5.0)
        delivery = await rg.supervised_send("once", Once.last(False), timeout=5.0, durable=True)
        assert delivery.status == "handled"
        assert Once.count == 2
        assert journal.stats().crashes == 0

    play(body, rg.child(Once, name="once", restart="transient"))


# -- the breaker -----------------------------------------------------------------------------------


def test_an_open_breaker_parks_and_uses_up_no_attempt() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        breakers = rg.Breakers.of(system)
        breakers.force_open("box")
        await accept("box", Box.note(1))
        await pause(100.0)
        assert Box.kept == []
        assert journal.stats().parked == 1
        breakers.reset("box")
        await settled()
        assert Box.kept == [1]
        assert journal.stats().retried == 0

    play(body, BOX)


def test_breaker_false_passes_an_open_breaker() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        rg.Breakers.of(system).force_open("box")
        await accept("box", Box.note(1), breaker=False)
        await settled()
        assert Box.kept == [1]

    play(body, BOX)


def test_timeouts_open_the_breaker_and_a_probe_closes_it() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        settings = rg.BreakerSettings(minimum_calls=2, open_seconds=20.0, success_threshold=1)
        events = Events(system, "breaker")
        await accept("box", Box.wait(3.0), Box.wait(3.0), attempt_timeout=1.0, breaker=settings)
        await accept("box", Box.note(1), delay=10.0)
        await pause(15.0)
        assert Box.kept == ["begun", "ended"] * 2
        await pause(30.0)
        assert Box.kept[4:] == [1]
        assert events.names == ["breaker.opened", "breaker.half_opened", "breaker.closed"]

    play(body, BOX)


# -- what can't be read ----------------------------------------------------------------------------


def test_what_does_not_decode_is_dead_with_its_bytes() -> None:
    class Other(rg.GenServer): ...

    async def body(system: rg.System, journal: rg.Journal) -> None:
        delivery = await rg.supervised_send("other", Box.put(1), timeout=5.0, durable=True)
        assert delivery.status == "dead_lettered"
        (letter,) = await inside(journal).read(lambda reader: reader.dead(Filter()))
        assert letter.burial.reason == "decode_error"
        assert letter.live.payload.endswith(b"put\x01\x01")

    play(body, rg.child(Other, name="other"))


def test_wrong_arguments_are_dead_and_the_server_lives() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        pid = system.whereis("box")
        delivery = await rg.supervised_send("box", Box.put("four"), timeout=5.0, durable=True)  # type: ignore[arg-type]
        assert delivery.status == "dead_lettered"
        assert system.whereis("box") is pid
        assert Box.kept == []

    play(body, BOX)


def test_a_renamed_handler_needs_an_alias() -> None:
    class Old(rg.GenServer):
        @rg.cast
        def store(self, value: int) -> None: ...

    class New(rg.GenServer):
        kept: ClassVar[list[int]] = []

        @rg.cast
        def keep(self, value: int) -> None:
            New.kept.append(value)

    place = f"{__name__}:test_a_renamed_handler_needs_an_alias.<locals>"

    async def body(system: rg.System, journal: rg.Journal) -> None:
        await accept("one", Old.store(5))
        await settled()
        assert New.kept == [5]

    play(
        body,
        rg.child(New, name="one"),
        journal=rg.Journal.in_memory(aliases={f"{place}.Old.store": f"{place}.New.keep"}),
    )

    async def without(system: rg.System, journal: rg.Journal) -> None:
        await accept("one", Old.store(5))
        await settled()
        assert (await journal.conservation()).dead == 1

    play(without, rg.child(New, name="one"))


def test_a_plain_process_takes_no_calls() -> None:
    async def plain() -> None:
        await rg.receive()

    async def body(system: rg.System, journal: rg.Journal) -> None:
        delivery = await rg.supervised_send("plain", Box.put(1), timeout=5.0, durable=True)
        assert delivery.status == "dead_lettered"
        assert system.whereis("plain") is not None

    play(body, rg.child(plain, name="plain"))


def test_names_that_come_and_go_leave_nothing_behind() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        for n in range(20):
            name = f"box{n}"
            await start(system, rg.child(Box, id=name, name=name))
            await accept(name, Box.note(n), Box.note(n), ordering_key="a")
            await accept(name, Box.note(n), delay=1.0)
            await system.root.call(rg.Supervisor.terminate_child(name), timeout=5.0)
        await settled()
        assert len(inside(journal).desk.recipients) == 20  # of those that are put off
        for n in range(20):
            await system.root.call(rg.Supervisor.restart_child(f"box{n}"), timeout=5.0)
        await pause(2.0)
        assert (await journal.conservation()).done == 60
        await accept("box0", Box.note(1))
        await settled()
        assert len(inside(journal).desk.recipients) <= 1

    play(body)
