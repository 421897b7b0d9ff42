"""What a send that can't be delivered ends in: `on_error`, `ack="accepted"`, breakers, `repeatable=False`."""

from __future__ import annotations

import asyncio
import logging

import msgspec
import pytest

import regrow as rg
from regrow.core.codec import codec
from regrow.delivery.journal.operations import BuryNew
from regrow.delivery.options import OnError
from regrow.testing import run_virtual
from tests.delivery.kit import Book, Kept, Refused, Worker, pause, play, start, worker


def buried(journal: Kept) -> list[BuryNew]:
    assert all(isinstance(one, BuryNew) for one in journal.operations)
    return [one for one in journal.operations if isinstance(one, BuryNew)]


# -- on_error ----------------------------------------------------------------------------------


def test_log_and_ignore_end_in_a_record(hand_off: bool, caplog: pytest.LogCaptureFixture) -> None:
    async def body(system: rg.System) -> None:
        with caplog.at_level(logging.ERROR, logger="regrow.delivery"):
            ignored = await rg.supervised_send("nobody", Worker.work(1), timeout=5.0, on_error="ignore")
            assert not caplog.records
            logged = await rg.supervised_send("nobody", Worker.work(1), timeout=5.0, on_error="log")
        assert (ignored.status, logged.status) == ("ignored", "failed")
        assert isinstance(logged.error, rg.errors.NoProcess)
        assert not logged.reached
        assert "nobody" in caplog.text
        assert logged.id in caplog.text

    play(body, hand_off=hand_off)


def test_a_dead_letter_has_the_message_its_reason_and_its_history(hand_off: bool) -> None:
    journal = Kept()

    async def body(system: rg.System) -> None:
        delivery = await rg.supervised_send(
            "worker",
            Worker.work("crash"),
            timeout=60.0,
            retries=2,
            on_error="dead_letter",
            metadata={"by": "me"},
            idempotency_key="k",
        )
        assert (delivery.status, delivery.attempts) == ("dead_lettered", 3)
        (letter,) = buried(journal)
        live = letter.live
        assert (live.dest, live.key, live.attempts, live.mid.hex()) == ("worker", "k", 3, delivery.id)
        assert codec(Worker).decode(live.payload) == Worker.work("crash")
        assert msgspec.msgpack.decode(live.headers or b"") == {"by": "me"}
        assert live.type == "tests.delivery.kit:Worker.work"
        assert letter.burial.reason == "max_attempts"
        assert (letter.burial.error_type or "").endswith("ValueError")
        assert [attempt.outcome for attempt in letter.attempts] == ["crash"] * 3

    play(body, worker([]), hand_off=hand_off, services=[journal], max_restarts=10)


def test_the_reason_of_a_dead_letter(hand_off: bool) -> None:
    journal = Kept()

    async def body(system: rg.System) -> None:
        ref = system.ref("worker", Worker)
        await rg.supervised_send("nobody", Worker.work(1), timeout=5.0, on_error="dead_letter")
        ref.cast(Worker.note_slowly(50.0))
        await rg.supervised_send(ref, Worker.work(1), timeout=5.0, on_error="dead_letter", expires_in=1.0)
        await rg.supervised_send(ref, Worker.work(1), timeout=5.0, on_error="dead_letter")
        rg.Breakers.of(system).force_open("worker")
        await rg.supervised_send(ref, Worker.work(1), timeout=5.0, on_error="dead_letter")
        assert [one.burial.reason for one in buried(journal)] == [
            "no_route",
            "expired",
            "max_attempts",
            "circuit_open",
        ]

    play(body, worker([]), hand_off=hand_off, services=[journal])


def test_without_a_journal_nothing_is_sent(hand_off: bool) -> None:
    """A1.5."""
    seen: list[object] = []

    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.NoJournal, match="services="):
            await rg.supervised_send("worker", Worker.work(1), timeout=5.0, on_error="dead_letter")
        with pytest.raises(rg.errors.NoJournal):
            await rg.broadcast(["worker"], Worker.work(1), timeout=5.0, on_error="dead_letter")

    play(body, worker(seen), hand_off=hand_off)
    assert seen == []


def test_a_dead_letter_that_can_not_be_kept_is_an_error(hand_off: bool) -> None:
    """A1.5: the hand-off to the dead letters is confirmed, or is an error itself."""
    broken = rg.errors.JournalFailed("app.db", "disk full", "commit")

    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.JournalFailed) as caught:
            await rg.supervised_send("nobody", Worker.work(1), timeout=5.0, on_error="dead_letter")
        assert isinstance(caught.value.__cause__, rg.errors.NoProcess)
        with pytest.raises(rg.errors.EncodeFailed):
            await rg.supervised_send("nobody", Worker.work(object()), timeout=5.0, on_error="dead_letter")

    play(body, hand_off=hand_off, services=[Kept(broken)])


# -- accepted ----------------------------------------------------------------------------------


def test_accepted_returns_when_it_is_in_the_mailbox(hand_off: bool) -> None:
    seen: list[object] = []

    async def body(system: rg.System) -> None:
        book = Book(system, "delivery")
        ref = system.ref("worker", Worker)
        ref.cast(Worker.note_slowly(5.0))
        delivery = await rg.supervised_send(ref, Worker.note("a"), timeout=1.0, ack="accepted")
        assert (delivery.status, delivery.seconds) == ("accepted", 0.0)
        await pause(10.0)
        assert book.names == ["started", "accepted", "handled"]

    play(body, worker(seen), hand_off=hand_off)
    assert seen == [("slowly", 5.0), "a"]


def test_an_accepted_message_goes_to_the_next_incarnation(hand_off: bool) -> None:
    seen: list[object] = []

    async def body(system: rg.System) -> None:
        ref = system.ref("worker", Worker)
        ref.cast(Worker.note_slowly(5.0))
        await pause(0.0)
        await pause(0.0)
        for message in (Worker.note("a"), Worker.note("b"), "c"):
            await rg.supervised_send(ref, message, timeout=5.0, ack="accepted")
        ref.kill()
        await pause(1.0)

    play(body, worker(seen), hand_off=hand_off)
    assert seen == ["a", "b", ("info", "c")]


@pytest.mark.parametrize("on_error", ["raise", "dead_letter"])
def test_an_accepted_message_that_nobody_can_take_is_never_lost_in_silence(
    hand_off: bool, on_error: OnError, caplog: pytest.LogCaptureFixture
) -> None:
    """B1.7."""
    journal = Kept()

    async def body(system: rg.System) -> None:
        book = Book(system, "delivery.failed")
        pid = await start(system, Worker, args=([],), restart="temporary")
        named = await start(system, Worker, args=([],), restart="temporary", id="named", name="named")
        for one in (pid, named):
            one.cast(Worker.note_slowly(5.0))
        await pause(0.0)
        await pause(0.0)
        for to in (pid, "named"):
            await rg.supervised_send(to, Worker.note("a"), timeout=5.0, ack="accepted", on_error=on_error)
        pid.kill()
        named.kill()
        await pause(60.0)
        assert len(book.events) == 2
        assert system.statistics().failed == 2

    with caplog.at_level(logging.ERROR, logger="regrow.delivery"):
        play(body, hand_off=hand_off, services=[journal])
    if on_error == "dead_letter":
        assert [one.live.dest for one in buried(journal)] == ["", "named"]
    else:
        assert len([one for one in caplog.records if one.name == "regrow.delivery"]) == 2


def test_an_accepted_message_that_kills_its_receiver_is_not_begun_again(hand_off: bool) -> None:
    seen: list[object] = []

    async def body(system: rg.System) -> None:
        await rg.supervised_send(
            "worker", Worker.work("crash"), timeout=5.0, ack="accepted", on_error="ignore"
        )
        await pause(60.0)
        assert system.statistics().failed == 1

    play(body, worker(seen), hand_off=hand_off)
    assert seen == ["crash"]


def test_what_is_accepted_is_buried_when_the_system_stops(hand_off: bool) -> None:
    journal = Kept()

    async def body(system: rg.System) -> None:
        ref = system.ref("worker", Worker)
        ref.cast(Worker.note_slowly(500.0))
        await pause(0.0)
        await pause(0.0)
        await rg.supervised_send(ref, Worker.note("a"), timeout=5.0, ack="accepted", on_error="dead_letter")
        resting = await start(system, Worker, args=([],), restart="temporary", id="gone", name="gone")
        resting.cast(Worker.note_slowly(500.0))
        await pause(0.0)
        await pause(0.0)
        await rg.supervised_send(
            "gone", Worker.note("b"), timeout=500.0, ack="accepted", on_error="dead_letter"
        )
        resting.kill()
        await pause(1.0)

    play(body, worker([]), hand_off=hand_off, services=[journal])
    assert sorted(one.live.dest for one in buried(journal)) == ["gone", "worker"]


def test_a_send_that_waits_for_a_retry_ends_with_the_system(hand_off: bool) -> None:
    async def main() -> None:
        async with rg.System([], hand_off=hand_off):
            backoff = rg.ExponentialBackoff(base=100.0, cap=100.0, jitter="none")
            send = asyncio.create_task(
                rg.supervised_send("nobody", Worker.work(1), timeout=500.0, retries=9, backoff=backoff)
            )
            await pause(1.0)
        with pytest.raises(rg.errors.NoProcess):
            await send

    run_virtual(main())


# -- breakers ----------------------------------------------------------------------------------

QUICK = rg.BreakerSettings(minimum_calls=3, failure_rate=0.5, open_seconds=10.0, success_threshold=1)


def test_an_open_breaker_fails_fast_and_lets_a_probe_through(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        for _ in range(3):
            with pytest.raises(rg.errors.ProcessExited):
                await rg.supervised_send("worker", Worker.work("crash"), timeout=5.0, breaker=QUICK)
            await pause(0.1)
        with pytest.raises(rg.errors.CircuitOpen):
            await rg.supervised_send("worker", Worker.work("a"), timeout=5.0, retries=5)
        assert asyncio.get_running_loop().time() == pytest.approx(0.3)
        assert (await rg.supervised_send("worker", Worker.work("a"), timeout=5.0, breaker=False)).reached
        await pause(10.0)
        assert (await rg.supervised_send("worker", Worker.work("a"), timeout=5.0)).reached
        assert rg.Breakers.of(system).state("worker") == "closed"

    play(body, worker([]), hand_off=hand_off, max_restarts=10)


@pytest.mark.parametrize(("failures", "state"), [(None, "closed"), ((Refused,), "open")])
def test_a_declared_exception_counts_only_where_it_is_named(
    hand_off: bool, failures: tuple[type[Exception], ...] | None, state: str
) -> None:
    settings = rg.BreakerSettings(minimum_calls=3, failures=failures)

    async def body(system: rg.System) -> None:
        for _ in range(3):
            await rg.supervised_send("worker", Worker.work("refuse"), timeout=5.0, breaker=settings)
        assert rg.Breakers.of(system).state("worker") == state

    play(body, worker([]), hand_off=hand_off)


def test_successes_count_too(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        for item in ["a"] * 4 + ["crash"] * 3:
            await rg.supervised_send(
                "worker", Worker.work(item), timeout=5.0, breaker=QUICK, on_error="ignore"
            )
            await pause(0.1)
        assert rg.Breakers.of(system).state("worker") == "closed"

    play(body, worker([]), hand_off=hand_off, max_restarts=10)


# -- repeatable=False --------------------------------------------------------------------------


class Till(rg.GenServer):
    """Charges, and may crash after it."""

    charged: list[str]

    def init(self, charged: list[str]) -> None:
        self.charged = charged

    @rg.call(repeatable=False)
    def blind(self) -> None:
        raise ValueError("boom")

    @rg.call(
        repeatable=False,
        reconcile=lambda delivery, message: message.charged.count(delivery.idempotency_key) > 0,
    )
    def charge(self, charged: list[str], *, before: bool) -> str:
        delivery = rg.current_delivery()
        assert delivery is not None
        if before and delivery.attempt == 1:
            raise ValueError("boom")
        charged.append(delivery.idempotency_key)
        if delivery.attempt == 1:
            raise ValueError("boom")
        return "charged"

    @rg.call(repeatable=False, reconcile=lambda delivery, message: 1 / 0)  # type: ignore[arg-type,return-value]
    async def broken_hook(self) -> None:
        raise ValueError("boom")


def test_a_handling_that_may_not_be_repeated_ends_as_unknown(hand_off: bool) -> None:
    """G6."""
    journal = Kept()

    async def body(system: rg.System) -> None:
        for message in (Till.blind(), Till.broken_hook()):
            delivery = await rg.supervised_send("till", message, timeout=5.0, retries=9)
            assert (delivery.status, delivery.attempts) == ("outcome_unknown", 1)
            assert isinstance(delivery.error, rg.errors.ProcessExited)
            await pause(0.1)
        kept = await rg.supervised_send("till", Till.blind(), timeout=5.0, on_error="dead_letter")
        assert kept.status == "dead_lettered"
        assert buried(journal)[0].burial.reason == "outcome_unknown"

    till = rg.child(Till, name="till", args=([],))
    play(body, till, hand_off=hand_off, services=[journal], max_restarts=10)


@pytest.mark.parametrize(("before", "attempts", "reply"), [(False, 1, None), (True, 2, "charged")])
def test_the_reconcile_hook_decides(hand_off: bool, before: bool, attempts: int, reply: str | None) -> None:
    charged: list[str] = []

    async def body(system: rg.System) -> None:
        delivery = await rg.supervised_send(
            "till", Till.charge(charged, before=before), timeout=50.0, retries=3, idempotency_key="order 1"
        )
        assert (delivery.status, delivery.attempts, delivery.reply) == ("handled", attempts, reply)

    play(body, rg.child(Till, name="till", args=([],)), hand_off=hand_off)
    assert charged == ["order 1"]


def test_what_had_not_begun_may_always_be_tried_again(hand_off: bool) -> None:
    charged: list[str] = []

    async def body(system: rg.System) -> None:
        delivery = await rg.supervised_send(
            "till", Till.charge(charged, before=False), timeout=50.0, retries=3, idempotency_key="k"
        )
        assert delivery.status == "handled"
        with pytest.raises(rg.errors.NoProcess):
            await rg.supervised_send("nobody", Till.blind(), timeout=5.0, retries=1)

    play(body, rg.child(Till, name="till", args=([],)), hand_off=hand_off)
    assert charged == ["k"]
