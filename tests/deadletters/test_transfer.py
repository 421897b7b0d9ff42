"""Export and import as JSON lines: everything comes along, nothing comes twice, bad lines are named."""

from __future__ import annotations

import json
from collections.abc import Callable

import msgspec
import pytest

import regrow as rg
from regrow.delivery.deadletters.changes import revived
from regrow.delivery.deadletters.events import AutoRetriesExhausted
from regrow.delivery.journal.operations import Revive
from regrow.delivery.journal.policy import DeadLetterPolicy
from regrow.delivery.journal.rows import Attempt, Filter
from regrow.testing import pass_time, run_virtual
from tests.deadletters.kit import SECOND, START_US, Bench, Item, Shop

TRY = Attempt(boot=1, started_us=START_US, ended_us=START_US + SECOND, outcome="timeout", error="late")


async def lines_of(bench: Bench, **where: object) -> list[str]:
    return [line async for line in bench.letters.export(**where)]  # type: ignore[arg-type]


async def example() -> tuple[Bench, list[str]]:
    bench = Bench()
    id = await bench.bury(
        Shop.order(Item("tea", api_key="k")),
        key="k-1",
        attempts=[TRY],
        metadata={"a": 1},
        expires_us=START_US,
    )
    await bench.letters.edit(id, arguments={"count": 9}, note="try nine")
    await bench.bury({"n": 1}, dest="", fingerprint=2)
    return bench, await lines_of(bench)


def test_lines_are_cloud_events() -> None:
    async def body() -> None:
        _, lines = await example()
        event = json.loads(lines[0])
        assert {name: event[name] for name in ("specversion", "subject", "type", "datacontenttype")} == {
            "specversion": "1.0",
            "subject": "shop",
            "type": "tests.deadletters.kit:Shop.order",
            "datacontenttype": "application/json",
        }
        assert event["id"] == (1).to_bytes(16, "big").hex()
        assert event["time"].startswith("2023-11-14T22:13:20")
        assert "subject" not in json.loads(lines[1])
        assert all("\n" not in line for line in lines)

    run_virtual(body())


def test_a_journey_keeps_everything_but_the_number() -> None:
    async def body() -> None:
        _, lines = await example()
        there = Bench(origin=1)
        own = await there.bury()
        report = await there.letters.import_(lines, actor="ann")
        assert (report.imported, report.refused) == (2, ())
        ids = await there.ids()
        assert (ids[0], len(set(ids))) == (own, 3)
        found = await there.letters.show(ids[1], raw=True)
        assert (found.summary.key, found.summary.note, found.summary.edited) == ("k-1", "try nine", True)
        assert found.contents == {"item": {"name": "tea", "api_key": "k"}, "count": 9}
        assert found.original == {"item": {"name": "tea", "api_key": "k"}, "count": 1}
        assert found.metadata == {"a": 1}
        assert [(one.outcome, one.error) for one in found.history] == [("timeout", "late")]
        assert found.summary.message_id == (1).to_bytes(16, "big").hex()
        assert found.summary.expires_at is not None
        assert found.summary.expires_at > START_US / SECOND  # not deleted as soon as it has come
        assert there.counts().accepted == 3
        assert (await there.letters.audit())[0].target == "2 dead letters"

    run_virtual(body())


def test_a_journey_keeps_what_was_tried_and_the_first_message() -> None:
    async def body() -> None:
        here, there = Bench(), Bench(DeadLetterPolicy(retries=2), origin=1)
        id = await here.bury(Shop.order(Item("tea"), 1))
        await here.letters.edit(id, arguments={"count": 2})
        for _ in range(2):
            (letter,) = [one async for page in here.queue.pages(Filter()) for one in page]
            revive = Revive(id, here.handle.now_us(), auto=True)
            await here.queue.changes.commit([revive], [revived(letter, revive)])
            await here.kill(id, retry_us=here.handle.now_us())
        await there.letters.import_(await lines_of(here))
        (found,) = await there.ids()
        details = await there.letters.show(found)
        assert details.auto_retries == 2
        assert isinstance(details.contents, dict)
        assert isinstance(details.original, dict)
        assert (details.contents["count"], details.original["count"]) == (2, 1)
        async with there.upkeep():
            await pass_time(10.0)
        assert there.named(AutoRetriesExhausted)
        assert there.handle.live == {}

    run_virtual(body())


def test_nothing_is_imported_twice() -> None:
    async def body() -> None:
        bench, lines = await example()
        report = await bench.letters.import_(lines)
        assert report.imported == 0
        assert [(one.line, "already" in one.problem) for one in report.refused] == [(1, True), (2, True)]
        there = Bench()
        assert (await there.letters.import_(lines * 2)).imported == 2

    run_virtual(body())


def changed(line: str, change: Callable[[dict[str, dict[str, dict[str, object]]]], object]) -> str:
    event = json.loads(line)
    change(event)
    return json.dumps(event)


BAD: list[tuple[str, Callable[[str], str | bytes], str]] = [
    ("no json", lambda line: line[:-1], "truncated"),
    ("no event", lambda line: "[]", "Expected `object`"),
    ("no utf-8", lambda line: b"\xff\xfe", "malformed"),
    ("deep", lambda line: "[" * 100_000, "Expected `object`"),
    ("another version", lambda line: line.replace('"1.0"', '"2.0"', 1), "specversion"),
    ("no data", lambda line: changed(line, lambda event: event.pop("data")), "missing required field `data`"),
    ("type", lambda line: changed(line, lambda event: event["data"]["live"].update(kind="call")), "kind"),
    ("kind", lambda line: changed(line, lambda event: event["data"]["live"].update(kind=9)), "no kind 9"),
    ("reason", lambda line: changed(line, lambda e: e["data"]["burial"].update(reason="x")), "reason"),
    ("status", lambda line: changed(line, lambda e: e["data"]["burial"].update(status=7)), "no status 7"),
    (
        "cause",
        lambda line: changed(line, lambda e: e["data"]["burial"].update(fingerprint="AA==")),
        "8 bytes",
    ),
    ("id", lambda line: changed(line, lambda event: event.update(id={})), "id"),
    ("other id", lambda line: line.replace('"id":"0', '"id":"1', 1), "its id isn't that of its message"),
    ("mid", lambda line: changed(line, lambda event: event["data"]["live"].update(mid="AA==")), "16 bytes"),
    ("subject", lambda line: changed(line, lambda event: event["data"]["live"].update(dest="x")), "subject"),
    (
        "a time that has no date",
        lambda line: changed(line, lambda e: e["data"]["burial"].update(dead_us=2**62)),
        "too large",
    ),
    ("negative", lambda line: changed(line, lambda e: e["data"]["live"].update(attempts=-1)), "negative"),
    ("large", lambda line: changed(line, lambda e: e["data"]["live"].update(due_us=2**63)), "too large"),
    ("unknown", lambda line: changed(line, lambda event: event["data"].update(pickle={})), "unknown field"),
]


@pytest.mark.parametrize(("spoil", "says"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_a_line_that_cannot_be_used_is_named_and_the_others_are_added(
    spoil: Callable[[str], str | bytes], says: str
) -> None:
    async def body() -> None:
        _, lines = await example()
        there = Bench()
        report = await there.letters.import_(["", spoil(lines[0]), lines[1]])
        assert report.imported == 1
        assert [one.line for one in report.refused] == [2]
        assert says in report.refused[0].problem
        assert there.counts().dead == 1

    run_virtual(body())


def test_a_message_that_lives_here_again_is_a_duplicate_too() -> None:
    async def body() -> None:
        bench = Bench()
        id = await bench.bury()
        lines = await lines_of(bench)
        await bench.letters.retry(id)
        report = await bench.letters.import_(lines * 2)
        assert (report.imported, len(report.refused)) == (0, 2)

    run_virtual(body())


def test_what_would_not_fit_is_refused_whole_batches_at_a_time() -> None:
    async def body() -> None:
        bench = Bench()
        await bench.many(3)
        lines = await lines_of(bench)
        there = Bench(rg.DeadLetterPolicy(max_count=2))
        with pytest.raises(rg.errors.JournalFull):
            await there.letters.import_(lines)
        assert there.counts().dead == 0
        assert (await there.letters.import_(lines[:2])).imported == 2

    run_virtual(body())


def test_only_what_is_chosen_is_exported() -> None:
    async def body() -> None:
        bench, _ = await example()
        assert len(await lines_of(bench, dest="shop")) == 1
        with pytest.raises(rg.errors.BadDeadLetterFilter):
            await lines_of(bench, colour="red")
        assert msgspec.json.decode((await lines_of(bench))[0])["data"]["live"]["key"] == "k-1"

    run_virtual(body())
