"""Editing, quarantine, purging: checked before, audited, told."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import msgspec
import pytest

import regrow as rg
from regrow.core.codec import codec
from regrow.delivery.deadletters.events import (
    DeadLetterEdited,
    DeadLettersPurged,
    DeadLettersQuarantined,
    DeadLettersReleased,
)
from regrow.errors.deadletters import BadDeadLetterOption
from regrow.testing import run_virtual
from tests.deadletters.kit import Bench, Item, Shop

CAUSE = "0000000000000005"


def test_an_edit_is_delivered_in_the_place_of_the_first_which_is_kept() -> None:
    async def body() -> None:
        bench = Bench()
        id = await bench.bury(Shop.order(Item("tee"), 2))
        await bench.letters.edit(id, arguments={"item": {"name": "tea"}}, note="typo", actor="ann")
        found = await bench.letters.show(id)
        assert found.contents == {"item": {"name": "tea"}, "count": 2}
        assert found.original == {"item": {"name": "tee", "api_key": "[redacted]"}, "count": 2}
        assert (found.summary.edited, found.summary.note) == (True, "typo")
        await bench.letters.edit(id, arguments={"count": 3})
        await bench.letters.retry(id)
        assert codec(Shop).decode(bench.handle.live[id].payload) == Shop.order(Item("tea"), 3)
        audit = [(entry.actor, entry.action, entry.detail) for entry in await bench.letters.audit()]
        assert audit == [("program", "retry", None), ("program", "edit", "count"), ("ann", "edit", "item")]
        assert len([event for event in bench.events if isinstance(event, DeadLetterEdited)]) == 2

    run_virtual(body())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"count": "three"}, "Expected `int`, got `str`"),
        ({"item": {"nam": "tea"}}, "missing required field `name`"),
        ({"cuont": 3}, "order has no argument 'cuont'; it has item, count"),
        ({"count": object()}, "can't be written"),
    ],
)
def test_what_the_handler_does_not_take_is_refused(arguments: dict[str, object], says: str) -> None:
    async def body() -> None:
        bench = Bench()
        id = await bench.bury(Shop.order(Item("tea")))
        with pytest.raises(rg.errors.BadEdit, match=says):
            await bench.letters.edit(id, arguments=arguments)
        assert not (await bench.letters.show(id)).summary.edited
        assert await bench.letters.audit() == ()

    run_virtual(body())


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "arguments=None.*or else a value or a note"),
        ({"arguments": {}}, "arguments={}.*a mapping"),
        ({"arguments": "count"}, "arguments='count'.*a mapping"),
        ({"arguments": {"count": 3}, "value": 3}, "value=.*left out"),
    ],
)
def test_an_edit_changes_one_thing(given: dict[str, Any], problem: str) -> None:
    async def body() -> None:
        bench = Bench()
        id = await bench.bury(Shop.order(Item("tea"), 2))
        with pytest.raises(BadDeadLetterOption, match=problem):
            await bench.letters.edit(id, **given)
        assert not (await bench.letters.show(id)).summary.edited

    run_virtual(body())


@pytest.mark.parametrize("limit", [0, -1, 1001, True, "9"])
def test_looking_has_a_limit(limit: Any) -> None:
    async def body() -> None:
        bench = Bench()
        for look in (bench.letters.list, bench.letters.audit):
            with pytest.raises(BadDeadLetterOption, match="from 1 to 1,000"):
                await look(limit=limit)

    run_virtual(body())


def test_an_edit_mends_what_does_not_decode() -> None:
    async def body() -> None:
        bench = Bench()
        place = f"{Shop.__module__}:{Shop.__qualname__}"
        old = msgspec.msgpack.encode([place, "order", 1, {"name": "tea"}])  # before count, in version 1
        id = await bench.bury(Shop.order(Item("tea")), payload=old, reason="decode_error")
        assert "version" in ((await bench.letters.show(id)).problem or "")
        await bench.letters.edit(id, arguments={"item": {"name": "coffee"}})
        assert (await bench.letters.show(id)).problem is None
        await bench.letters.retry(id)
        assert codec(Shop).decode(bench.handle.live[id].payload) == Shop.order(Item("coffee"), 1)

    run_virtual(body())


def test_messages_whose_class_or_handler_is_not_known_are_not_edited() -> None:
    async def body() -> None:
        bench = Bench()
        gone = await bench.bury(payload=b"\x94\xa8nowhere:\xa4gone\x01\xa1a", dest="x")
        with pytest.raises(rg.errors.BadEdit, match="nowhere: is not loaded here"):
            await bench.letters.edit(gone, arguments={"a": 1})
        other = await bench.bury(payload=b"\x94\xa4a:Xx\xa4gone\x01\xa1a")
        with pytest.raises(rg.errors.BadEdit, match="Shop has no handler gone"):
            await bench.letters.edit(other, arguments={"a": 1})
        broken = await bench.bury(payload=b"\xc1")
        with pytest.raises(rg.errors.BadEdit, match="no message"):
            await bench.letters.edit(broken, arguments={"a": 1})

    run_virtual(body())


def test_a_renamed_handler_is_shown_and_edited_as_it_is_called_today() -> None:
    async def body() -> None:
        bench = Bench()
        old = msgspec.msgpack.encode(["old:Shop", "buy", 2, {"name": "tea", "api_key": ""}, 4])
        id = await bench.bury(payload=old)
        assert (await bench.letters.show(id)).problem is not None
        bench.aliases["old:Shop.buy"] = "tests.deadletters.kit:Shop.order"
        found = await bench.letters.show(id, raw=True)
        assert (found.problem, found.original) == (None, None)
        assert found.contents == {"item": {"name": "tea", "api_key": ""}, "count": 4}
        await bench.letters.edit(id, arguments={"count": 5})
        found = await bench.letters.show(id, raw=True)
        assert found.original == {"item": {"name": "tea", "api_key": ""}, "count": 4}
        await bench.letters.retry(id)
        assert codec(Shop).decode(bench.handle.live[id].payload) == Shop.order(Item("tea"), 5)
        # A name that is in use is never looked up.
        bench.aliases["tests.deadletters.kit:Shop.order"] = "tests.deadletters.kit:Shop.login"
        await bench.kill(id)
        assert (await bench.letters.show(id)).problem is None

    run_virtual(body())


def test_the_first_message_is_still_shown_after_redrives() -> None:
    async def body() -> None:
        bench = Bench()
        id = await bench.bury(Shop.order(Item("tee"), 2))
        for count in (3, 4):
            await bench.letters.edit(id, arguments={"count": count})
            await bench.letters.retry(id)
            await bench.kill(id)
        found = await bench.letters.show(id)
        assert isinstance(found.contents, dict)
        assert isinstance(found.original, dict)
        assert (found.contents["count"], found.original["count"]) == (4, 2)
        assert not found.summary.edited

    run_virtual(body())


def test_infos_have_a_value_and_messages_have_arguments() -> None:
    async def body() -> None:
        bench = Bench()
        info, message = await bench.bury({"n": 1}), await bench.bury()
        await bench.letters.edit(info, value={"n": 2})
        assert (await bench.letters.show(info)).contents == {"n": 2}
        with pytest.raises(rg.errors.BadEdit, match=r"no builtins:dict"):
            await bench.letters.edit(info, value=7)
        with pytest.raises(rg.errors.BadEdit, match="has no arguments: give its whole value"):
            await bench.letters.edit(info, arguments={"n": 1})
        with pytest.raises(rg.errors.BadEdit, match="give its arguments"):
            await bench.letters.edit(message, value=1)
        with pytest.raises(rg.errors.BadDeadLetterOption, match="or else a value or a note"):
            await bench.letters.edit(message)

    run_virtual(body())


def test_quarantine_holds_a_cause_and_release_frees_it() -> None:
    async def body() -> None:
        bench = Bench()
        ids = await bench.many(3, fingerprint=5)
        other = await bench.bury(fingerprint=6)
        assert await bench.letters.quarantine(CAUSE, actor="ann", note="bug 12") == 3
        assert bench.handle.store.open(node="n", pid=1, now_us=1).quarantined == {bytes.fromhex(CAUSE)}
        assert await bench.ids(status="quarantined") == ids
        with pytest.raises(rg.errors.DeadLetterQuarantined, match=f"release\\('{CAUSE}'\\)"):
            await bench.letters.retry(ids[0])
        assert (await bench.letters.redrive(dry_run=True)).moved == 1
        assert (await bench.letters.stats()).quarantined == 3
        assert await bench.letters.release(bytes.fromhex(CAUSE), actor="ann") == 3
        assert await bench.ids(status="dead") == [*ids, other]
        actions = [(entry.action, entry.target, entry.detail) for entry in await bench.letters.audit()]
        assert actions == [("release", CAUSE, None), ("quarantine", CAUSE, "bug 12")]
        kinds = [type(event) for event in bench.events if "Added" not in type(event).__name__]
        assert kinds == [DeadLettersQuarantined, DeadLettersReleased]

    run_virtual(body())


def test_quarantined_ones_can_be_redriven_on_purpose() -> None:
    async def body() -> None:
        bench = Bench()
        ids = await bench.many(2, fingerprint=5)
        await bench.letters.quarantine(CAUSE)
        done = await bench.letters.redrive(status="quarantined")
        assert (done.status, list(bench.handle.live)) == ("done", ids)

    run_virtual(body())


def test_purge_deletes_what_is_meant_and_counts_it() -> None:
    async def body() -> None:
        bench = Bench()
        await bench.many(1_100, dest="old")
        kept = await bench.bury(dest="new")
        assert await bench.letters.purge(dest="old", why="test data", actor="ann") == 1_100
        assert await bench.ids() == [kept]
        assert (bench.counts().discarded, bench.queue.depth) == (1_100, 1)
        entry = (await bench.letters.audit())[0]
        assert (entry.actor, entry.action, entry.target) == ("ann", "purge", "1100 dead letters")
        assert "dest=old" in (entry.detail or "")
        assert "test data" in (entry.detail or "")
        told = [event for event in bench.events if isinstance(event, DeadLettersPurged)]
        assert [(event.count, event.why) for event in told] == [(1_100, "test data")]

    run_virtual(body())


def test_purging_all_needs_to_be_said() -> None:
    async def body() -> None:
        bench = Bench()
        ids = await bench.many(2)
        with pytest.raises(rg.errors.BadDeadLetterFilter, match="everything=True"):
            await bench.letters.purge(why="oops")
        with pytest.raises(rg.errors.BadDeadLetterOption, match="why=''"):
            await bench.letters.purge(dest="shop", why="")
        assert await bench.ids() == ids
        assert await bench.letters.purge(everything=True, why="really") == 2

    run_virtual(body())


def test_changes_at_the_same_time_do_not_meet() -> None:
    async def body() -> None:
        bench = Bench()
        await bench.queue.opened()
        ids = await bench.many(50)
        purge = partial(bench.letters.purge, everything=True, why="race")
        results = await asyncio.gather(
            purge(), *(bench.letters.retry(id) for id in ids), purge(), return_exceptions=True
        )
        refused = [one for one in results if isinstance(one, Exception)]
        assert all(isinstance(one, rg.errors.NoSuchDeadLetter) for one in refused)
        counts = bench.counts()
        assert (counts.dead, bench.queue.depth) == (0, 0)
        assert counts.live == len(bench.handle.live) == 50 - len(refused)
        assert counts.discarded == len(refused)

    run_virtual(body())
