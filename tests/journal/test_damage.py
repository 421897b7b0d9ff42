"""Damaged, foreign and newer files are told, set aside or left alone, and never overwritten."""

from __future__ import annotations

import random
from pathlib import Path

import apsw
import pytest

from regrow.delivery.journal import damage
from regrow.delivery.journal import operations as ops
from regrow.delivery.journal.rows import Filter
from regrow.delivery.journal.sqlite import SqliteStore
from regrow.errors import JournalDamaged, JournalError, JournalFailed, JournalTooNew
from tests.journal.samples import START_US, attempt, burial, live

LATER_US = START_US + 1


def fill(path: Path, *, clean: bool = True) -> None:
    """A journal of some 60 pages; not closed, if not `clean`, but all in one file."""
    store = SqliteStore(path, "none")
    store.open(node="here", pid=1, now_us=START_US)
    store.commit([ops.Accept(live(id, payload=bytes(500))) for id in range(1, 200)])
    store.commit([ops.Bury(id, 1, 0, burial(id), attempt()) for id in range(1, 100)])
    store.close(now_us=START_US)
    if not clean:
        with apsw.Connection(str(path)) as connection:
            connection.execute("UPDATE boot SET stopped_us = NULL")
        connection.close()


def take(path: Path) -> SqliteStore:
    store = SqliteStore(path)
    store.open(node="here", pid=1, now_us=LATER_US)
    return store


def kept(path: Path) -> Path:
    return path.with_name(f"{path.name}.damaged-{LATER_US}")


def spoil(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


@pytest.mark.parametrize("clean", [True, False], ids=["clean", "unclean"])
@pytest.mark.parametrize("size", [50, 4096, 20_000, 100_000])
def test_a_truncated_file_is_set_aside(path: Path, size: int, clean: bool) -> None:
    fill(path, clean=clean)
    with path.open("r+b") as file:
        file.truncate(size)
    content = path.read_bytes()
    with pytest.raises(JournalDamaged) as caught:
        take(path)
    assert caught.value.kept == kept(path)
    assert kept(path).read_bytes() == content
    assert not path.exists()
    store = take(path)
    assert store.reader().counts().accepted == 0
    store.close(now_us=LATER_US)


def test_no_database_is_set_aside(path: Path) -> None:
    path.write_bytes(b"these are my notes, not a journal " * 100)
    with pytest.raises(JournalDamaged, match="NotADBError"):
        take(path)
    assert kept(path).read_bytes().startswith(b"these are my notes")


def test_names_of_what_was_set_aside_are_not_used_twice(path: Path) -> None:
    for n in range(3):
        path.write_bytes(b"nothing %d" % n * 100)
        with pytest.raises(JournalDamaged):
            take(path)
    ends = ("", "-2", "-3")
    contents = [kept(path).with_name(kept(path).name + end).read_bytes()[:9] for end in ends]
    assert contents == [b"nothing 0", b"nothing 1", b"nothing 2"]


def test_damaged_pages_are_found_after_an_unclean_stop(path: Path) -> None:
    fill(path, clean=False)
    spoil(path, 4096 * 20, random.Random(1).randbytes(4096))
    with pytest.raises(JournalDamaged, match="CorruptError") as caught:
        take(path)
    assert caught.value.kept == kept(path)
    assert "\n" not in str(caught.value)


def test_flipped_bits_are_told_or_harmless(path: Path) -> None:
    """Flips in what SQLite relies on are found; those within values aren't its business."""
    fill(path, clean=False)
    whole, chance, found = path.read_bytes(), random.Random(7), 0
    for _ in range(40):
        page, bit = chance.randrange(len(whole) // 4096), chance.randrange(8 * 8)
        path.write_bytes(whole)
        place = page * 4096 + (100 if page == 0 else 0) + bit // 8
        spoil(path, place, bytes([whole[place] ^ 1 << bit % 8]))
        try:
            take(path).close(now_us=LATER_US)
        except JournalDamaged:
            found += 1
            for file in path.parent.glob("*.damaged-*"):
                file.unlink()
    assert found >= 20


def test_damage_that_a_commit_meets_sets_the_file_aside(path: Path) -> None:
    fill(path)
    store = take(path)
    spoil(path, 4096, random.Random(1).randbytes(path.stat().st_size - 4096))
    store.checkpoint()
    with pytest.raises(JournalDamaged) as caught:
        store.commit([ops.Accept(live(id, payload=bytes(3000))) for id in range(1000, 1400)])
    assert caught.value.kept == kept(path)
    assert kept(path).exists()
    with pytest.raises(JournalFailed, match="it is damaged"):
        store.commit([ops.Accept(live(2000))])
    store.close(now_us=LATER_US)
    take(path).close(now_us=LATER_US)


def test_a_reader_that_meets_damage_moves_nothing(path: Path) -> None:
    fill(path)
    store = take(path)
    reader = store.reader()
    spoil(path, 4096, random.Random(1).randbytes(path.stat().st_size - 4096))
    with pytest.raises(JournalError) as caught:
        reader.dead(Filter())
    assert isinstance(caught.value, JournalDamaged)
    assert caught.value.kept is None
    assert path.exists()
    reader.close()
    with pytest.raises(JournalError):
        store.commit([ops.Settle(id) for id in range(100, 200)])
    store.close(now_us=LATER_US)


@pytest.mark.parametrize(
    "spoiled",
    [
        "DELETE FROM counter",
        "UPDATE live SET dest = CAST(X'ff' AS TEXT)",
        "DROP TABLE quarantine",
    ],
    ids=["counters", "text", "table"],
)
def test_rows_that_were_never_written_so_are_told(path: Path, spoiled: str) -> None:
    fill(path)
    with apsw.Connection(str(path)) as connection:
        connection.execute(spoiled)
    connection.close()
    store = SqliteStore(path)
    with pytest.raises(JournalError, match=r"missing|utf-8|no such table"):
        store.open(node="here", pid=1, now_us=LATER_US)
        store.reader().live()
    store.close(now_us=LATER_US)


def test_a_database_of_something_else_is_left_alone(path: Path) -> None:
    with apsw.Connection(str(path)) as connection:
        connection.execute("CREATE TABLE theirs(x); INSERT INTO theirs VALUES ('precious')")
    connection.close()
    content = path.read_bytes()
    with pytest.raises(JournalDamaged, match="something else") as caught:
        take(path)
    assert caught.value.kept is None
    assert path.read_bytes() == content


def test_a_newer_journal_is_left_alone(path: Path) -> None:
    fill(path)
    with apsw.Connection(str(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    content = path.read_bytes()
    with pytest.raises(JournalTooNew, match="schema 99") as caught:
        take(path)
    assert (caught.value.found, caught.value.known) == (99, 1)
    assert path.read_bytes() == content


def test_an_empty_file_is_a_new_journal_that_a_crash_left(path: Path) -> None:
    path.touch()
    store = SqliteStore(path)
    opened = store.open(node="here", pid=1, now_us=START_US)
    assert (opened.boot, opened.clean) == (1, False)
    store.close(now_us=START_US)


def test_the_check_after_an_unclean_stop_is_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(path, clean=False)
    monkeypatch.setattr(damage, "STEPS_PER_CALL", 100)
    monkeypatch.setattr(damage, "CALLS", 1)
    spoil(path, path.stat().st_size - 4096, random.Random(1).randbytes(4096))
    store = take(path)
    assert store.check() != []
    store.close(now_us=LATER_US)


def test_a_check_finds_counts_that_do_not_balance(path: Path) -> None:
    fill(path)
    with apsw.Connection(str(path)) as connection:
        connection.execute("UPDATE counter SET n = n + 3 WHERE name = 'accepted'")
        connection.execute("UPDATE dead_group SET n = n + 1")
        connection.execute("UPDATE attempt SET delivery = 9999 WHERE delivery = 1")
    connection.close()
    store = take(path)
    assert store.check() == [
        "accepted minus live, done, dead and discarded: 3",
        "groups with a wrong count: 1",
        "attempts of nothing: 1",
    ]
    store.close(now_us=LATER_US)
