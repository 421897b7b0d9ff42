"""Supervised messages to and from persistent servers: settled, sent and answered with the turn's commit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from typing import Any

import msgspec
import pytest

import regrow as rg
from regrow.testing import pass_time, run_virtual
from tests.persistence.conftest import Storage


class Refused(Exception):
    """A declared answer."""


class Sum(msgspec.Struct):
    n: int = 0
    runs: int = 0


@rg.persistent(Sum)
class Source(rg.GenServer):
    """Sends on what it is given, with the same turn that counts it."""

    state: Sum
    crashes = 0

    @rg.call(raises=(Refused,))
    async def pass_on(self, by: int, fate: str = "") -> str:
        self.state.n += by
        delivery = await rg.supervised_send("target", Target.take(by), timeout=1.0, durable=True)
        if fate == "refuse":
            raise Refused
        if fate == "crash" and Source.crashes > 0:
            Source.crashes -= 1
            raise RuntimeError("crash")
        return delivery.status

    @rg.cast
    def pass_on_at_once(self, by: int) -> None:
        self.state.n += by
        _ = rg.supervised_send("target", Target.take(by), timeout=1.0, durable=True)

    @rg.call
    async def pass_on_within(self, timeout: Any) -> str:
        try:
            delivery = await rg.supervised_send("target", Target.take(1), timeout=timeout, durable=True)
        except rg.errors.BadTimeout:
            return "refused"
        return delivery.status

    @rg.call
    def pass_on_at_once_within(self, timeout: Any) -> str:
        try:
            _ = rg.supervised_send("target", Target.take(1), timeout=timeout, durable=True)
        except rg.errors.BadTimeout:
            return "refused"
        return "buffered"

    @rg.call
    def leave(self, by: int, reason: str, reply: bool) -> int:
        self.state.n += by
        self.stop(rg.NORMAL if reason == "normal" else reason, reply=reply)
        return self.state.n

    @rg.call
    def later(self, by: int) -> int:
        self.state.n += by
        self.handle = rg.reply_later()
        return 0

    @rg.cast
    def now(self, what: int) -> None:
        self.handle.reply(what)

    @rg.call
    def total(self) -> int:
        return self.state.n


@rg.persistent(Sum)
class Target(rg.GenServer):
    state: Sum

    @rg.call
    def take(self, by: int) -> int:
        self.state.n += by
        self.state.runs += 1
        return self.state.n

    @rg.call
    def all(self) -> Sum:
        return self.state


class Bench:
    def __init__(self, system: rg.System, journal: rg.Journal) -> None:
        self.system = system
        self.journal = journal
        self.source = system.ref("source", Source)
        self.target = system.ref("target", Target)

    async def settled(self) -> None:
        """Give everything that waits its time."""
        await pass_time(100.0)
        await self.system.idle()

    async def taken(self) -> Sum:
        await self.settled()
        return await self.target.call(Target.all(), timeout=1.0)

    async def total(self) -> int:
        return await self.source.call(Source.total(), timeout=1.0)


def play(storage: Storage, *bodies: Callable[[Bench], Awaitable[None]]) -> None:
    """Run the bodies, each in a System of its own on the same journal."""

    async def main(body: Callable[[Bench], Awaitable[None]]) -> None:
        journal = storage()
        children = [rg.child(Target, name="target"), rg.child(Source, name="source")]
        async with rg.System(
            children, services=[journal], name="both", max_restarts=100, max_seconds=1.0
        ) as system:
            await body(Bench(system, journal))

    for body in bodies:
        run_virtual(main(body))


def test_a_durable_send_inside_returns_at_once_and_goes_out_with_the_commit(storage: Storage) -> None:
    async def body(b: Bench) -> None:
        assert await b.source.call(Source.pass_on(3), timeout=5.0) == "buffered"
        assert await b.taken() == Sum(3, 1)
        counts = await b.journal.conservation()
        assert (counts.accepted, counts.done, counts.balanced) == (1, 1, True)

    play(storage, body)


def test_a_def_handler_sends_without_awaiting(storage: Storage) -> None:
    async def body(b: Bench) -> None:
        b.source.cast(Source.pass_on_at_once(4))
        await b.system.idle()
        assert await b.total() == 4
        assert await b.taken() == Sum(4, 1)

    play(storage, body)


@pytest.mark.parametrize("timeout", [0, -1.0, inf, None, "5", [5.0], 1e6, True, 5, 5.0])
def test_a_send_inside_has_a_finite_timeout_too(storage: Storage, timeout: Any) -> None:
    async def body(b: Bench) -> None:
        good = timeout == 5.0
        told = "buffered" if good else "refused"
        assert await b.source.call(Source.pass_on_within(timeout), timeout=5.0) == told
        assert await b.source.call(Source.pass_on_at_once_within(timeout), timeout=5.0) == told
        assert (await b.taken()).runs == (2 if good else 0)

    play(storage, body)


def test_a_def_handler_of_another_server_may_not_send() -> None:
    class Plain(rg.GenServer):
        @rg.call
        def go(self) -> str:
            try:
                _ = rg.supervised_send("target", Target.take(1), timeout=1.0, durable=True)
            except rg.errors.CallFromHandler:
                return "refused"
            return "sent"

    async def main() -> None:
        async with rg.System(
            [rg.child(Plain, name="plain")], services=[rg.Journal.in_memory()], name="plain"
        ) as system:
            assert await system.ref("plain", Plain).call(Plain.go(), timeout=1.0) == "refused"

    run_virtual(main())


@pytest.mark.parametrize("durable", [True, False])
def test_a_rejected_delivery_is_settled_without_state_and_sends(storage: Storage, durable: bool) -> None:
    async def body(b: Bench) -> None:
        message = Source.pass_on(3, "refuse")
        delivery = await rg.supervised_send(b.source, message, timeout=5.0, durable=durable)
        assert delivery.status == "rejected"
        assert isinstance(delivery.error, Refused)
        assert await b.total() == 0
        assert await b.taken() == Sum()
        assert (await b.journal.conservation()).done == int(durable)

    play(storage, body)


def test_a_delivery_that_crashed_its_server_takes_effect_once(storage: Storage) -> None:
    async def body(b: Bench) -> None:
        Source.crashes = 2
        message = Source.pass_on(5, "crash")
        delivery = await rg.supervised_send(b.source, message, timeout=60.0, durable=True)
        assert (delivery.status, delivery.reply) == ("handled", "buffered")
        assert await b.total() == 5
        assert await b.taken() == Sum(5, 1)

    play(storage, body)


@pytest.mark.parametrize("durable", [True, False])
def test_an_explicit_key_takes_effect_once_over_restarts(storage: Storage, durable: bool) -> None:
    async def send(b: Bench) -> rg.Delivery[str]:
        return await rg.supervised_send(
            b.source, Source.pass_on(2), timeout=5.0, durable=durable, idempotency_key="order 17"
        )

    async def first(b: Bench) -> None:
        deliveries = await asyncio.gather(*(send(b) for _ in range(3)))
        assert [delivery.status for delivery in deliveries] == ["handled"] * 3
        assert [delivery.duplicate for delivery in deliveries] == [False, True, True]
        assert [delivery.reply for delivery in deliveries] == ["buffered", None, None]

    async def again(b: Bench) -> None:
        assert (await send(b)).duplicate
        assert await b.total() == 2
        assert await b.taken() == Sum(2, 1)
        assert (await b.journal.conservation()).balanced

    play(storage, first, again)


def test_what_was_rejected_may_come_again_under_its_key(storage: Storage) -> None:
    async def body(b: Bench) -> None:
        for fate, status in (("refuse", "rejected"), ("", "handled")):
            message = Source.pass_on(2, fate)
            delivery = await rg.supervised_send(b.source, message, timeout=5.0, idempotency_key="k")
            assert (delivery.status, delivery.duplicate) == (status, False)

    play(storage, body)


def test_keys_are_forgotten_after_their_window_and_refreshed_by_a_duplicate(storage: Storage) -> None:
    day = 24 * 3600.0

    async def body(b: Bench) -> None:
        async def send() -> bool:
            message = Source.pass_on(1)
            return (await rg.supervised_send(b.source, message, timeout=5.0, idempotency_key="k")).duplicate

        seen = [await send()]
        for days in (6.0, 6.0, 7.5):
            await pass_time(days * day)
            seen.append(await send())
        assert seen == [False, True, True, False]

    play(storage, body)


@pytest.mark.parametrize("reply", [True, False])
@pytest.mark.parametrize("reason", ["normal", "odd"])
def test_a_server_that_stops_has_handled_its_message(storage: Storage, reason: str, reply: bool) -> None:
    async def body(b: Bench) -> None:
        message = Source.leave(7, reason, reply)
        delivery = await rg.supervised_send(b.source, message, timeout=5.0, durable=True)
        assert delivery.status == "handled"
        await b.settled()
        assert await b.total() == 7
        assert (await b.journal.conservation()).done == 1

    play(storage, body)


def test_a_late_answer_settles_with_the_turn_that_gives_it(storage: Storage) -> None:
    async def body(b: Bench) -> None:
        accepted = asyncio.get_running_loop().create_future()
        b.system.events.subscribe("delivery.accepted", accepted.set_result)
        asked = asyncio.ensure_future(
            rg.supervised_send(b.source, Source.later(3), timeout=5.0, durable=True)
        )
        await accepted  # the thread that commits is none of the runtime's
        await b.system.idle()
        await b.total()
        assert (await b.journal.conservation()).live == 1
        b.source.cast(Source.now(99))
        delivery = await asked
        assert (delivery.status, delivery.reply) == ("handled", 99)
        assert (await b.journal.conservation()).done == 1

    play(storage, body)


def test_a_kill_between_messages_loses_and_doubles_nothing(storage: Storage) -> None:
    async def body(b: Bench) -> None:
        async def send(number: int) -> None:
            await rg.supervised_send(
                b.source,
                Source.pass_on(1),
                timeout=60.0,
                durable=True,
                ack="accepted",
                idempotency_key=str(number),
            )

        for number in range(40):
            await send(number)
            if number % 7 == 3:
                b.source.kill()
        await b.settled()
        assert await b.total() == 40
        assert await b.taken() == Sum(40, 40)
        assert (await b.journal.conservation()).balanced

    async def after(b: Bench) -> None:
        assert await b.total() == 40

    play(storage, body, after)
