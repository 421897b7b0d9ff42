"""`rg.supervised_send`: what it ends in, and that it ends."""

from __future__ import annotations

import asyncio
import uuid

import pytest

import regrow as rg
from tests.delivery.kit import Book, Narrow, Refused, Worker, pause, play, start, worker


def test_handled_tells_the_reply_and_costs_no_time(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        ref = system.ref("worker", Worker)
        for to in (ref, "worker", ref.whereis()):
            assert to is not None
            delivery = await rg.supervised_send(to, Worker.work("a"), timeout=5.0)
            assert (delivery.status, delivery.reply, delivery.attempts) == ("handled", ("done", "a"), 1)
            assert delivery.pid is ref.whereis()
            assert delivery.seconds == 0.0
            assert delivery.reached
            assert delivery.result() == ("done", "a")
        assert asyncio.get_running_loop().time() == 0.0

    play(body, worker([]), hand_off=hand_off)


def test_the_receiver_gets_it_once(hand_off: bool) -> None:
    """A1.1: a send that succeeded is not sent again, whatever `retries` says."""
    seen: list[object] = []

    async def body(system: rg.System) -> None:
        await rg.supervised_send("worker", Worker.work("a"), timeout=5.0, retries=5)
        await pause(60.0)

    play(body, worker(seen), hand_off=hand_off)
    assert seen == ["a"]


def test_a_cast_and_an_info_are_confirmed_when_handled(hand_off: bool) -> None:
    seen: list[object] = []

    async def body(system: rg.System) -> None:
        one = await rg.supervised_send("worker", Worker.note("a"), timeout=5.0)
        two = await rg.supervised_send("worker", Worker.note_slowly(2.0), timeout=5.0)
        three = await rg.supervised_send("worker", {"any": "thing"}, timeout=5.0)
        assert [each.status for each in (one, two, three)] == ["handled"] * 3
        assert (one.reply, two.reply, three.reply) == (None, None, None)
        assert two.seconds == pytest.approx(2.0)

    play(body, worker(seen), hand_off=hand_off)
    assert seen == ["a", ("slowly", 2.0), ("info", {"any": "thing"})]


def test_a_plain_process_has_handled_a_message_when_it_asks_for_the_next(hand_off: bool) -> None:
    async def plain() -> None:
        await rg.receive()
        await pause(3.0)
        await rg.receive()
        await pause(4.0)

    async def body(system: rg.System) -> None:
        pid = system.spawn(plain)
        one = await rg.supervised_send(pid, "one", timeout=10.0)
        two = await rg.supervised_send(pid, "two", timeout=10.0)
        assert [one.seconds, two.seconds] == pytest.approx([3.0, 4.0])
        with pytest.raises(rg.errors.NoProcess):
            await rg.supervised_send(pid, "three", timeout=10.0)

    play(body, hand_off=hand_off)


def test_nobody_there_is_told_at_once(hand_off: bool) -> None:
    """A1.2: one answer for a dead Pid and for an unknown name, and no wait."""

    async def body(system: rg.System) -> None:
        pid = await start(system, Worker, args=([],), restart="temporary")
        pid.kill()
        await pid.down(timeout=1.0)
        for to in ("nobody", pid):
            with pytest.raises(rg.errors.NoProcess):
                await rg.supervised_send(to, Worker.work("a"), timeout=5.0)
        with pytest.raises(rg.errors.NoProcess):
            await rg.supervised_send(pid, Worker.work("a"), timeout=5.0, retries=100)
        assert asyncio.get_running_loop().time() == 0.0

    play(body, hand_off=hand_off)


@pytest.mark.parametrize("item", ["stop", "stop silently"])
def test_a_receiver_that_handles_it_and_ends_normally_has_handled_it(hand_off: bool, item: str) -> None:
    """A1.4."""
    seen: list[object] = []

    async def body(system: rg.System) -> None:
        delivery = await rg.supervised_send("worker", Worker.work(item), timeout=5.0, retries=3)
        assert delivery.status == "handled"

    play(body, worker(seen, restart="transient"), hand_off=hand_off)
    assert seen == [item]


def test_a_declared_exception_is_an_answer_and_never_retried(hand_off: bool) -> None:
    seen: list[object] = []

    async def body(system: rg.System) -> None:
        delivery = await rg.supervised_send("worker", Worker.work("refuse"), timeout=5.0, retries=3)
        assert delivery.status == "rejected"
        assert isinstance(delivery.error, Refused)
        with pytest.raises(Refused):
            delivery.result()

    play(body, worker(seen), hand_off=hand_off)
    assert seen == ["refuse"]


def test_a_crash_is_retried_and_reaches_the_restarted_process(hand_off: bool) -> None:
    seen: list[object] = []

    async def body(system: rg.System) -> None:
        before = system.whereis("worker")
        delivery = await rg.supervised_send("worker", Worker.flaky(), timeout=60.0, retries=5)
        assert (delivery.status, delivery.reply, delivery.attempts) == ("handled", 4, 4)
        assert delivery.pid is system.whereis("worker") is not before
        statistics = system.statistics()
        assert (statistics.sent, statistics.delivered, statistics.retried) == (1, 1, 3)

    play(body, worker(seen, fail_first=3), hand_off=hand_off, max_restarts=10)


def test_when_attempts_run_out_the_reason_is_raised(hand_off: bool) -> None:
    seen: list[object] = []

    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.ProcessExited) as caught:
            await rg.supervised_send("worker", Worker.flaky(), timeout=60.0, retries=2)
        assert "attempt 3" in str(caught.value.reason)
        assert system.statistics().failed == 1

    play(body, worker(seen, fail_first=99), hand_off=hand_off, max_restarts=10)
    assert seen == ["try"] * 3


def test_the_timeout_bounds_everything(hand_off: bool) -> None:
    """A1.9: no retry is begun that could not end in time."""

    async def body(system: rg.System) -> None:
        backoff = rg.ExponentialBackoff(base=1.0, cap=1.0, jitter="none")
        with pytest.raises(rg.errors.NoProcess):
            await rg.supervised_send("nobody", Worker.work(1), timeout=3.5, retries=99, backoff=backoff)
        assert asyncio.get_running_loop().time() == pytest.approx(3.0)

    play(body, hand_off=hand_off)


def test_back_off_is_exponential_with_full_jitter(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        book = Book(system, "delivery")
        with pytest.raises(rg.errors.NoProcess):
            await rg.supervised_send("nobody", Worker.work(1), timeout=600.0, retries=8)
        await system.idle()
        delays = [event.delay for event in book.events if isinstance(event, rg.events.DeliveryRetried)]
        assert len(delays) == 8
        assert all(delay <= min(5.0, 0.05 * 2**n) for n, delay in enumerate(delays))
        assert len(set(delays)) == 8

    play(body, hand_off=hand_off, ports=rg.Ports())


def test_an_attempt_that_has_not_begun_is_withdrawn_and_tried_again(hand_off: bool) -> None:
    """B1.2: a slow receiver never gets the message twice."""
    seen: list[object] = []

    async def body(system: rg.System) -> None:
        ref = system.ref("worker", Worker)
        blocker = asyncio.create_task(ref.call(Worker.slow(3.0), timeout=10.0))
        await pause(0.0)
        await pause(0.0)
        backoff = rg.ExponentialBackoff(base=0.1, cap=0.1, jitter="none")
        delivery = await rg.supervised_send(
            ref, Worker.work("a"), timeout=10.0, attempt_timeout=1.0, retries=5, backoff=backoff
        )
        await blocker
        assert (delivery.status, delivery.attempts) == ("handled", 3)
        assert system.statistics().expired == 2

    play(body, worker(seen), hand_off=hand_off)
    assert seen == [("begun", 3.0), ("ended", 3.0), "a"]


def test_an_attempt_that_runs_is_waited_for_and_never_begun_beside_itself(hand_off: bool) -> None:
    seen: list[object] = []

    async def body(system: rg.System) -> None:
        delivery = await rg.supervised_send(
            "worker", Worker.slow(5.0), timeout=10.0, attempt_timeout=1.0, retries=9
        )
        assert (delivery.status, delivery.reply, delivery.attempts) == ("handled", "slow", 1)

    play(body, worker(seen), hand_off=hand_off)
    assert seen == [("begun", 5.0), ("ended", 5.0)]


def test_a_deadline_says_whether_it_had_begun(hand_off: bool) -> None:
    seen: list[object] = []

    async def body(system: rg.System) -> None:
        ref = system.ref("worker", Worker)
        with pytest.raises(rg.errors.DeliveryTimeout, match="may still run") as begun:
            await rg.supervised_send(ref, Worker.slow(5.0), timeout=1.0)
        assert begun.value.started
        with pytest.raises(TimeoutError, match="withdrawn") as waiting:
            await rg.supervised_send(ref, Worker.work("never"), timeout=1.0, retries=3)
        assert isinstance(waiting.value, rg.errors.DeliveryTimeout)
        assert not waiting.value.started
        await pause(10.0)

    play(body, worker(seen), hand_off=hand_off)
    assert seen == [("begun", 5.0), ("ended", 5.0)]


def test_a_reply_that_is_put_off_is_waited_for(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        delivery = await rg.supervised_send("worker", Worker.later(2.0), timeout=5.0)
        assert delivery.reply == "later"
        assert delivery.seconds == pytest.approx(2.0)

    play(body, worker([]), hand_off=hand_off)


def test_a_full_mailbox_is_waited_for_in_line(hand_off: bool) -> None:
    seen: list[object] = []

    async def body(system: rg.System) -> None:
        pid = await start(system, Narrow, args=(seen,))
        sends = [
            asyncio.create_task(rg.supervised_send(pid, Narrow.note_slowly(float(n)), timeout=60.0))
            for n in range(1, 6)
        ]
        assert [(await send).status for send in sends] == ["handled"] * 5

    play(body, hand_off=hand_off)
    assert seen == [("slowly", float(n)) for n in range(1, 6)]


@pytest.mark.parametrize("message", [Narrow.note("late"), "an info"], ids=["cast", "info"])
def test_a_mailbox_that_stays_full_is_told_as_such(hand_off: bool, message: object) -> None:
    seen: list[object] = []

    async def body(system: rg.System) -> None:
        pid = await start(system, Narrow, args=(seen,))
        pid.cast(Narrow.note_slowly(100.0))
        await pause(0.0)
        await pause(0.0)
        pid.cast(Narrow.note("waits"))
        with pytest.raises(rg.errors.MailboxFull) as caught:
            await rg.supervised_send(pid, message, timeout=5.0)
        assert isinstance(caught.value, rg.errors.MailboxStayedFull)
        assert asyncio.get_running_loop().time() == pytest.approx(5.0)
        await pause(200.0)

    play(body, hand_off=hand_off)
    assert seen == [("slowly", 100.0), "waits"]


def test_what_waits_for_a_place_learns_of_the_death(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = await start(system, Narrow, args=([],), restart="temporary")
        pid.cast(Narrow.note_slowly(100.0))
        await pause(0.0)
        await pause(0.0)
        pid.cast(Narrow.note("waits"))
        waiting = [
            asyncio.create_task(rg.supervised_send(pid, message, timeout=50.0, retries=3))
            for message in (Narrow.note("late"), "info")
        ]
        await pause(1.0)
        pid.kill()
        for one in waiting:
            with pytest.raises(rg.errors.ProcessExited):
                await one
        assert asyncio.get_running_loop().time() == pytest.approx(1.0)

    play(body, hand_off=hand_off)


def test_a_cancelled_send_is_withdrawn(hand_off: bool) -> None:
    seen: list[object] = []

    async def body(system: rg.System) -> None:
        ref = system.ref("worker", Worker)
        ref.cast(Worker.note_slowly(5.0))
        send = asyncio.create_task(rg.supervised_send(ref, Worker.note("never"), timeout=50.0))
        await pause(1.0)
        send.cancel()
        with pytest.raises(asyncio.CancelledError):
            await send
        await pause(10.0)

    play(body, worker(seen), hand_off=hand_off)
    assert seen == [("slowly", 5.0)]


def test_the_handler_knows_its_delivery(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        plain = await rg.supervised_send("worker", Worker.who(), timeout=5.0)
        known = plain.reply
        assert isinstance(known, rg.CurrentDelivery)
        assert known.id == known.idempotency_key == plain.id
        assert uuid.UUID(plain.id).version == 7
        full = await rg.supervised_send(
            "worker", Worker.who(), timeout=5.0, idempotency_key="k", metadata={"by": "me"}
        )
        known = full.reply
        assert isinstance(known, rg.CurrentDelivery)
        assert (known.id, known.idempotency_key, known.attempt, known.metadata) == (
            full.id,
            "k",
            1,
            {"by": "me"},
        )
        unasked = await rg.supervised_send("worker", Worker.note(1), timeout=5.0)
        assert unasked.id == unasked.id != full.id

    play(body, worker([]), hand_off=hand_off)


def test_a_delay_and_an_expiry_are_kept(hand_off: bool) -> None:
    seen: list[object] = []

    async def body(system: rg.System) -> None:
        ref = system.ref("worker", Worker)
        delivery = await rg.supervised_send(ref, Worker.work("a"), timeout=10.0, delay=4.0)
        assert delivery.seconds == pytest.approx(4.0)
        ref.cast(Worker.note_slowly(5.0))
        with pytest.raises(rg.errors.DeliveryExpired):
            await rg.supervised_send(ref, Worker.work("b"), timeout=60.0, expires_in=2.0, retries=3)
        assert asyncio.get_running_loop().time() == pytest.approx(6.0)
        with pytest.raises(rg.errors.BadDeliveryOption, match="below the timeout"):
            await rg.supervised_send(ref, Worker.work("c"), timeout=1.0, delay=2.0)
        await pause(30.0)

    play(body, worker(seen), hand_off=hand_off)
    assert seen == ["a", ("slowly", 5.0)]


def test_send_to_self_needs_no_answer(hand_off: bool) -> None:
    seen: list[object] = []

    class Selfish(Worker):
        @rg.call
        def begin(self) -> None:
            rg.send_to_self(Selfish.note("later"))
            rg.send_to_self("info")
            self.seen.append("now")

    async def body(system: rg.System) -> None:
        pid = await start(system, Selfish, args=(seen,))
        await rg.supervised_send(pid, Selfish.begin(), timeout=1.0)
        await rg.sync(pid)
        with pytest.raises(rg.errors.NotAProcess):
            rg.send_to_self("nobody")

    play(body, hand_off=hand_off)
    assert seen == ["now", "later", ("info", "info")]


def test_waiting_for_oneself_is_an_error(hand_off: bool) -> None:
    errors: list[Exception] = []

    class Selfish(Worker):
        @rg.call
        async def ask(self) -> None:
            try:
                await rg.supervised_send(self.pid, Selfish.note("me"), timeout=5.0)
            except rg.errors.CallToSelf as error:
                errors.append(error)
            accepted = await rg.supervised_send(self.pid, Selfish.note("me"), timeout=5.0, ack="accepted")
            self.seen.append(accepted.status)

        @rg.call
        async def ask_other(self, other: rg.Pid[Selfish]) -> None:
            await rg.supervised_send(other, Selfish.ask_back(self.pid), timeout=5.0)

        @rg.call(raises=(rg.errors.CallCycle,))
        async def ask_back(self, other: rg.Pid[Selfish]) -> None:
            await rg.supervised_send(other, Selfish.note("me"), timeout=5.0)

        @rg.call
        def hold(self) -> None:
            self.never = rg.supervised_send(self.pid, Selfish.note("me"), timeout=5.0)

    seen: list[object] = []

    async def body(system: rg.System) -> None:
        one = await start(system, Selfish, args=(seen,), restart="temporary")
        other = await start(system, Selfish, args=(seen,), id="other")
        await one.call(Selfish.ask(), timeout=10.0)
        await rg.sync(one)
        await one.call(Selfish.ask_other(other), timeout=10.0)
        with pytest.raises(rg.errors.ProcessExited, match="CallFromHandler"):
            await one.call(Selfish.hold(), timeout=10.0)

    play(body, hand_off=hand_off)
    assert len(errors) == 1
    assert seen == ["accepted", "me"]


def test_a_wrong_message_or_address_is_refused_at_once(hand_off: bool) -> None:
    class Other(rg.GenServer):
        @rg.call
        def ask(self) -> None: ...

    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.WrongServer):
            await rg.supervised_send("worker", Other.ask(), timeout=5.0, retries=3, on_error="ignore")
        for to in (None, 3, "", ("name", "node"), Worker):
            with pytest.raises(rg.errors.BadAddress):
                await rg.supervised_send(to, Worker.work(1), timeout=5.0)  # type: ignore[arg-type]
        assert system.whereis("worker") is not None
        assert system.statistics().crashed == 0

    play(body, worker([]), hand_off=hand_off)


def test_statistics_and_events_tell_every_step(hand_off: bool) -> None:
    """A1.11: numbers that are kept."""

    async def body(system: rg.System) -> None:
        book = Book(system, "delivery")
        done = await rg.supervised_send("worker", Worker.work("a"), timeout=5.0)
        await rg.supervised_send("worker", Worker.work("refuse"), timeout=5.0)
        await rg.supervised_send("nobody", Worker.work("a"), timeout=5.0, retries=1, on_error="ignore")
        await system.idle()
        assert book.names == ["started", "handled", "started", "rejected", "started", "retried", "failed"]
        first = book.events[1]
        assert isinstance(first, rg.events.DeliveryHandled)
        assert first.id == done.id
        statistics = system.statistics()
        assert (statistics.sent, statistics.delivered, statistics.failed, statistics.retried) == (3, 2, 1, 1)

    play(body, worker([]), hand_off=hand_off)
