"""Listing, filtering, showing, grouping: without taking anything out, and without telling secrets."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import UTC, datetime

import pytest

import regrow as rg
from regrow.delivery.deadletters.letters import DeadLetters
from regrow.delivery.journal.rows import Attempt
from regrow.testing import pass_time, run_virtual
from tests.deadletters.kit import SECOND, START_US, Bench, Item, Shop

BadFilter = rg.errors.BadDeadLetterFilter


def test_pages_are_in_order_of_death_and_lose_nothing_meanwhile() -> None:
    async def body() -> None:
        bench = Bench()
        first = await bench.many(5)
        page = await bench.letters.list(limit=2)
        assert [letter.id for letter in page.letters] == first[:2]
        await bench.letters.purge(id=first[0], why="gone between two pages")
        late = await bench.bury()
        rest = await bench.letters.list(limit=100, after=page.next)
        assert [letter.id for letter in rest.letters] == [*first[2:], late]
        assert rest.next is None

    run_virtual(body())


def test_a_full_last_page_says_that_it_is_the_last() -> None:
    async def body() -> None:
        bench = Bench()
        await bench.many(4)
        page = await bench.letters.list(limit=4)
        assert (len(page.letters), page.next) == (4, None)
        assert await Bench().letters.list() == type(page)((), None)

    run_virtual(body())


def test_each_condition_chooses_and_all_have_to_hold() -> None:
    async def body() -> None:
        bench = Bench()
        old = await bench.bury(dest="a", reason="crash_loop", error_type=None, fingerprint=7, key="k")
        await pass_time(100)
        new = await bench.bury(Shop.order(Item("tea"), 2), dest="b", error_type="app:Boom")
        at = datetime.fromtimestamp((START_US + 50 * SECOND) / SECOND, UTC)
        cases: list[tuple[dict[str, object], list[int]]] = [
            ({"dest": "a"}, [old]),
            ({"type": "tests.deadletters.kit:Shop.order"}, [new]),
            ({"reason": "crash_loop"}, [old]),
            ({"error_type": "app:Boom"}, [new]),
            ({"fingerprint": "0000000000000007"}, [old]),
            ({"fingerprint": b"\0" * 7 + b"\7"}, [old]),
            ({"key": "k"}, [old]),
            ({"older_than": 60}, [old]),
            ({"newer_than": 60.0}, [new]),
            ({"since": at}, [new]),
            ({"until": at.timestamp()}, [old]),
            ({"status": "dead"}, [old, new]),
            ({"status": "quarantined"}, []),
            ({"id": new}, [new]),
            ({"id": [new, old, 99]}, [old, new]),
            ({"dest": "a", "error_type": "app:Boom"}, []),
            ({"dest": "a", "older_than": 60, "until": at}, [old]),
        ]
        for where, found in cases:
            assert await bench.ids(**where) == found, where

    run_virtual(body())


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ({"destination": "a"}, "there is no such condition; there are id, dest, type"),
        ({"reason": "bad luck"}, "the reasons are max_attempts, crash_loop"),
        ({"fingerprint": "zz"}, "16 hexadecimal digits"),
        ({"fingerprint": "00"}, "16 hexadecimal digits"),
        ({"fingerprint": 7}, "16 hexadecimal digits"),
        ({"status": "undead"}, "dead, quarantined"),
        ({"dest": 3}, "this is a text"),
        ({"older_than": -1}, "seconds, 0 or more"),
        ({"older_than": float("nan")}, "seconds, 0 or more"),
        ({"newer_than": "1h"}, "seconds, 0 or more"),
        ({"since": datetime(2024, 1, 1)}, "needs a time zone"),  # noqa: DTZ001  # that is the point
        ({"id": 0}, "a whole number from 1"),
        ({"id": "7"}, "a whole number from 1"),
        ({"id": True}, "a whole number from 1"),
        ({"id": 2**63}, "a whole number from 1"),
        ({"id": range(1, 10_002)}, "at most 10,000"),
        ({"after": "7"}, "goes on after"),
        ({"after": f"{2**63}-1"}, "goes on after"),
    ],
)
def test_a_bad_filter_is_an_error_that_says_what_is_allowed(where: dict[str, object], says: str) -> None:
    async def body() -> None:
        bench = Bench()
        id = await bench.bury()
        with pytest.raises(BadFilter, match=says):
            await bench.letters.list(**where)  # type: ignore[arg-type]
        assert await bench.ids() == [id]

    run_virtual(body())


@pytest.mark.parametrize("limit", [0, 1001, -1, True, "5", 2.0])
def test_a_bad_limit_is_an_error(limit: object) -> None:
    async def body() -> None:
        with pytest.raises(rg.errors.BadDeadLetterOption, match="from 1 to 1,000"):
            await Bench().letters.list(limit=limit)  # type: ignore[arg-type]

    run_virtual(body())


def unknown(letters: DeadLetters) -> list[Coroutine[object, object, object]]:
    """Whatever takes a number, with one that no dead letter has."""
    return [letters.show(77), letters.retry(77), letters.edit(77, note="?")]


def test_the_id_of_its_message_will_do() -> None:
    async def body() -> None:
        bench = Bench()
        ids = await bench.many(3)
        message = (await bench.letters.show(ids[1])).summary.message_id
        assert (await bench.letters.show(message)).summary.id == ids[1]
        assert (await bench.letters.show(message.upper())).summary.id == ids[1]
        await bench.letters.edit(message, note="this one")
        await bench.letters.retry(message)
        assert list(bench.handle.live) == ids[1:2]
        assert [(one.action, one.target) for one in await bench.letters.audit()] == [
            ("retry", str(ids[1])),
            ("edit", str(ids[1])),
        ]
        with pytest.raises(rg.errors.NoSuchDeadLetter, match=message):
            await bench.letters.show(message)
        for bad in ("", "17", "nonsense", f"{message}00"):
            with pytest.raises(rg.errors.BadDeadLetterFilter, match="32 hexadecimal digits"):
                await bench.letters.show(bad)

    run_virtual(body())


def test_an_unknown_number_is_an_error_everywhere_and_hurts_nobody() -> None:
    async def body() -> None:
        bench = Bench()
        id = await bench.bury()
        for asking in unknown(bench.letters):
            with pytest.raises(rg.errors.NoSuchDeadLetter, match="no dead letter 77"):
                await asking
        for asking in (bench.letters.wait(9), bench.letters.pause(9), bench.letters.resume(9)):
            with pytest.raises(rg.errors.NoSuchRedrive, match="no redrive 9; there are: none"):
                await asking
        assert await bench.ids() == [id]

    run_virtual(body())


def test_show_has_the_message_and_every_attempt() -> None:
    async def body() -> None:
        bench = Bench()
        tries = [
            Attempt(
                boot=n,
                started_us=START_US + n,
                ended_us=START_US + n + SECOND,
                outcome="error",
                error_type="app:Boom",
                error=f"try {n}",
                trace="Traceback",
                delay_us=SECOND // 2,
            )
            for n in (1, 2)
        ]
        id = await bench.bury(
            Shop.order(Item("tea", api_key="s3cret"), count=3), attempts=tries, metadata={"trace": "t-1"}
        )
        found = await bench.letters.show(id)
        assert found.kind == "call"
        assert found.contents == {"item": {"name": "tea", "api_key": "[redacted]"}, "count": 3}
        assert (found.problem, found.original) == (None, None)
        assert found.metadata == {"trace": "t-1"}
        assert [(one.boot, one.error, one.delay) for one in found.history] == [
            (1, "try 1", 0.5),
            (2, "try 2", 0.5),
        ]
        assert found.summary.message_id == id.to_bytes(16, "big").hex()
        assert (found.summary.attempts, found.summary.redrives) == (2, 0)

    run_virtual(body())


def test_secrets_are_hidden_by_name_in_arguments_metadata_and_texts() -> None:
    async def body() -> None:
        bench = Bench()
        metadata = {"Authorization": "Bearer abc", "deep": [{"apiKey": "k"}], "user": "eve"}
        id = await bench.bury(
            Shop.login("eve", "hunter2"), error="login failed: password='hunter2' user=eve", metadata=metadata
        )
        found = await bench.letters.show(id)
        assert found.contents == {"user": "eve", "password": "[redacted]"}
        assert found.metadata == {
            "Authorization": "[redacted]",
            "deep": [{"apiKey": "[redacted]"}],
            "user": "eve",
        }
        assert found.summary.error == "login failed: password=[redacted] user=eve"
        page = await bench.letters.list()
        assert "hunter2" not in repr(page) + repr(found)
        raw = await bench.letters.show(id, raw=True)
        assert raw.contents == {"user": "eve", "password": "hunter2"}
        assert raw.metadata == metadata
        assert raw.summary.error == "login failed: password='hunter2' user=eve"

    run_virtual(body())


def test_names_of_ones_own_are_hidden_too() -> None:
    async def body() -> None:
        bench = Bench(rg.DeadLetterPolicy(secrets=("user",)))
        found = await bench.letters.show(await bench.bury())
        assert found.contents == {"user": "[redacted]", "password": "[redacted]"}

    run_virtual(body())


@pytest.mark.parametrize(
    ("hook", "shown"),
    [
        (lambda value: value, {"user": "eve", "password": "[redacted]"}),
        (lambda value: Shop.login("***", "x"), {"user": "***", "password": "[redacted]"}),
        (lambda value: "nothing for you", "nothing for you"),
        (lambda value: object, "<class 'object'>"),
        (lambda value: 1 / 0, "<redact raised ZeroDivisionError>"),
    ],
)
def test_the_systems_redact_hook_has_its_say(hook: object, shown: object) -> None:
    async def body() -> None:
        bench = Bench(redact=hook)  # type: ignore[arg-type]
        id = await bench.bury()
        assert (await bench.letters.show(id)).contents == shown
        assert (await bench.letters.show(id, raw=True)).contents == {"user": "eve", "password": "hunter2"}

    run_virtual(body())


@pytest.mark.parametrize("payload", [b"", b"\xc1", b"\x93\xa1a", b"\x80", b"\xd9" * 100, bytes(range(256))])
def test_what_does_not_decode_is_shown_with_the_reason(payload: bytes) -> None:
    async def body() -> None:
        bench = Bench()
        id = await bench.bury(payload=payload, reason="decode_error", metadata=None)
        found = await bench.letters.show(id)
        assert found.problem == "these bytes are no message"
        assert found.contents == payload
        info = await bench.bury([1], payload=payload or b"\xc1")
        shown = await bench.letters.show(info)
        assert shown.problem is not None or shown.contents == {}

    run_virtual(body())


def test_what_no_loaded_class_knows_is_shown_by_position() -> None:
    async def body() -> None:
        bench = Bench()
        gone = b"\x95\xa8nowhere:\xa4gone\x01\xa1a\x02"
        found = await bench.letters.show(await bench.bury(payload=gone, dest="nobody"))
        assert found.contents == {"1": "a", "2": 2}
        assert found.problem == "nowhere: is not loaded here"

    run_virtual(body())


def test_groups_count_causes_the_most_frequent_first() -> None:
    async def body() -> None:
        bench = Bench()
        await bench.bury(fingerprint=1, dest="a")
        many = await bench.many(3, fingerprint=2, reason="crash_loop")
        groups = await bench.letters.groups()
        assert [(one.count, one.reason, one.fingerprint[-1]) for one in groups] == [
            (3, "crash_loop", "2"),
            (1, "max_attempts", "1"),
        ]
        assert groups[0].example == many[0]
        assert [one.dest for one in await bench.letters.groups(dest="a")] == ["a"]
        with pytest.raises(BadFilter, match="use list"):
            await bench.letters.groups(id=1)
        with pytest.raises(BadFilter, match="use list"):
            await bench.letters.groups(key="k")

    run_virtual(body())


def test_stats_say_what_alarms_look_at() -> None:
    async def body() -> None:
        bench = Bench(rg.DeadLetterPolicy(max_count=50))
        empty = await bench.letters.stats()
        assert (empty.depth, empty.oldest_age, empty.top, empty.redrive_failure_ratio) == (
            0,
            None,
            None,
            None,
        )
        await bench.many(2, reason="expired", fingerprint=9)
        await pass_time(90)
        await bench.bury(retry_us=START_US + 120 * SECOND)
        stats = await bench.letters.stats()
        assert (stats.depth, stats.allowed, stats.arrivals_per_minute) == (3, 50, 1)
        assert stats.oldest_age == pytest.approx(90)
        assert stats.by_reason == {"expired": 2, "max_attempts": 1}
        assert stats.top is not None
        assert (stats.top.count, stats.causes) == (2, 2)
        assert stats.next_retry_at == START_US / SECOND + 120

    run_virtual(body())
