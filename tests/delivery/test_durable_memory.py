"""What durable sends leave in memory once they are over: nothing that their senders or handlers held."""

from __future__ import annotations

import asyncio
import gc
import sys
from weakref import WeakSet

import pytest

import regrow as rg
from tests.delivery.durable_kit import play, settled


class Refused(Exception):
    """An answer."""


class Thing:
    """Something that a sender has at hand, or gets."""


refusals: WeakSet[Refused] = WeakSet()
things: WeakSet[Thing] = WeakSet()


class Refuser(rg.GenServer):
    @rg.call
    def give(self) -> Thing:
        thing = Thing()
        things.add(thing)
        return thing

    @rg.call(raises=(Refused,))
    def refuse(self) -> None:
        error = Refused()
        refusals.add(error)
        raise error


REFUSER = rg.child(Refuser, name="refuser")


@pytest.mark.parametrize("limit", [None, 5.0], ids=["handed off", "by the mailbox"])
def test_errors_that_senders_were_told_are_forgotten(limit: float | None) -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        for _ in range(3):
            delivery = await rg.supervised_send(
                "refuser", Refuser.refuse(), timeout=5.0, durable=True, attempt_timeout=limit
            )
            assert delivery.error in refusals
            del delivery
        await settled()
        gc.collect()
        assert len(refusals) == 0

    play(body, REFUSER)


def test_replies_are_forgotten() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        delivery = await rg.supervised_send("refuser", Refuser.give(), timeout=5.0, durable=True)
        assert delivery.reply in things
        del delivery
        await settled()
        gc.collect()
        assert len(things) == 0

    play(body, REFUSER)


@pytest.mark.parametrize("cancelled", [True, False])
def test_senders_that_stop_waiting_are_forgotten(*, cancelled: bool) -> None:
    async def send() -> None:
        thing = Thing()
        things.add(thing)
        await rg.supervised_send("nobody", Refuser.refuse(), timeout=1.0, durable=True)
        assert thing in things

    async def body(system: rg.System, journal: rg.Journal) -> None:
        task = asyncio.create_task(send())
        await settled()
        assert len(things) == 1
        if cancelled:
            task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() == cancelled
        del task
        gc.collect()
        assert len(things) == 0

    play(body, REFUSER)


def test_names_are_forgotten_where_sends_have_metadata_of_their_own() -> None:
    name = b"refuser".decode()  # an object that nobody else has
    before = sys.getrefcount(name)

    async def body(system: rg.System, journal: rg.Journal) -> None:
        await rg.supervised_send("refuser", Refuser.refuse(), timeout=5.0, durable=True)  # the first of all
        await rg.supervised_send(name, Refuser.give(), timeout=5.0, durable=True, metadata={"by": "me"})
        await settled()
        gc.collect()
        held = sys.getrefcount(name)
        assert held == before

    play(body, REFUSER)
