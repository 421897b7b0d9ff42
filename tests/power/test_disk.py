"""The disk loses what a disk may lose, and nothing else."""

from __future__ import annotations

import random
from pathlib import Path

from regrow.delivery.journal import operations as ops
from regrow.delivery.journal.rows import AuditEntry
from regrow.delivery.journal.sqlite import SqliteStore
from regrow.delivery.journal.store import SyncLevel
from tests.power.disk import (
    LOSSES,
    SECTOR,
    Disk,
    Event,
    Link,
    Loss,
    Sync,
    SyncNames,
    Truncate,
    Write,
)
from tests.power.recorder import Log, recording

OLD, NEW = b"o" * 4 * SECTOR, b"n" * 4 * SECTOR


def images(events: list[Event], loss: Loss) -> list[dict[str, bytes]]:
    disk = Disk()
    for event in events:
        disk.apply(event)
    return [disk.image(loss, random.Random(seed)) for seed in range(200)]


def every(events: list[Event]) -> list[dict[str, bytes]]:
    return [image for loss in LOSSES for image in images(events, loss)]


SAFE: list[Event] = [Link("a", 1), Write(1, 0, OLD), Sync(1), SyncNames()]


def test_what_was_synced_is_there_and_nothing_else() -> None:
    assert every(SAFE) == [{"a": OLD}] * 200 * len(LOSSES)


def test_a_kill_loses_nothing_and_the_worst_cut_everything() -> None:
    events = [*SAFE, Write(1, 0, NEW), Truncate(1, SECTOR), Link("b", 2), Write(2, 3, b"x")]
    assert images(events, "nothing") == [{"a": NEW[:SECTOR], "b": b"\0\0\0x"}] * 200
    assert images(events, "everything") == [{"a": OLD}] * 200


def test_a_write_is_torn_between_sectors_only() -> None:
    for loss in LOSSES:
        found = {image["a"] for image in images([*SAFE, Write(1, 0, NEW)], loss)}
        for data in found:
            sectors = [data[start : start + SECTOR] for start in range(0, len(data), SECTOR)]
            assert set(sectors) <= {OLD[:SECTOR], NEW[:SECTOR]}
        assert (len(found) > 2) == (loss in ("tail", "sectors"))


def test_writes_reach_the_disk_in_any_order() -> None:
    events = [*SAFE, Write(1, 0, NEW[:SECTOR]), Write(1, SECTOR, NEW[:SECTOR])]
    assert OLD[:SECTOR] + NEW[:SECTOR] + OLD[2 * SECTOR :] in [
        image["a"] for image in images(events, "writes")
    ]


def test_a_sector_is_as_it_was_at_some_moment() -> None:
    events = [*SAFE, Write(1, 0, b"1"), Write(1, 1, b"2"), Write(1, 2, b"3")]
    assert {image["a"][:3] for image in every(events)} == {b"ooo", b"1oo", b"12o", b"123"}


def test_a_cut_in_the_tail_keeps_a_prefix() -> None:
    events = [*SAFE, *(Write(1, n * SECTOR, bytes([n]) * SECTOR) for n in range(4))]
    for image in images(events, "tail"):
        kept = [image["a"][n * SECTOR] == n for n in range(4)]
        assert kept == sorted(kept, reverse=True)


def test_lengths_and_names_need_a_sync() -> None:
    events = [*SAFE, Truncate(1, SECTOR), Link("a", None), Link("b", 2), Write(2, 0, NEW)]
    found = every(events)
    assert {len(image["a"]) for image in found if "a" in image} == {SECTOR, 4 * SECTOR}
    assert {tuple(sorted(image)) for image in found} == {(), ("a",), ("b",), ("a", "b")}
    assert {tuple(image) for image in every([*events, SyncNames()])} == {("b",)}


def test_the_recorder_sees_what_a_level_syncs(tmp_path: Path) -> None:
    assert [syncs(tmp_path / "power", "power"), syncs(tmp_path / "process", "process")] == [1, 0]


def syncs(folder: Path, level: SyncLevel) -> int:
    folder.mkdir()
    log, store = Log(folder, "seed"), SqliteStore(folder / "app.db", level)
    with recording(log):
        store.open(node="test", pid=1, now_us=1)
        before = len(log.events)
        store.commit([ops.Record(AuditEntry(at_us=1, actor="me", action="try", target="all"))])
        commit = log.events[before:]
        store.close(now_us=2)
    assert any(isinstance(event, Write) for event in commit)
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".lock"}
    disk = Disk()
    for event in log.events:
        disk.apply(event)
    assert disk.image("nothing", random.Random(1)) == files
    return sum(isinstance(event, Sync) for event in commit)
