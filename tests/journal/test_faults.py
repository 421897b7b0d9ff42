"""A full disk, a broken disk, failed syncs, a read-only file: a clear error, and nothing accepted is lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from regrow.delivery.journal import operations as ops
from regrow.delivery.journal.rows import Live
from regrow.delivery.journal.sqlite import SqliteStore
from regrow.delivery.journal.store import SyncLevel
from regrow.errors import JournalFailed
from tests.journal.faults import EIO_READ, EIO_SYNC, EIO_WRITE, ENOSPC, Faults
from tests.journal.samples import START_US, live, state


@pytest.fixture
def faults() -> Iterator[Faults]:
    faults = Faults()
    yield faults
    faults.unregister()


def take(path: Path, faults: Faults, level: SyncLevel = "power") -> SqliteStore:
    store = SqliteStore(path, level, vfs=faults.name)
    store.open(node="here", pid=1, now_us=START_US)
    return store


@pytest.fixture
def store(path: Path, faults: Faults) -> Iterator[SqliteStore]:
    store = take(path, faults)
    store.commit([ops.Accept(live(1))])
    yield store
    store.close(now_us=START_US)


def after_kill(store: SqliteStore) -> list[Live]:
    """What stands in the files as they are now, as after the end of the process by `kill -9`."""
    copies = store.path.with_name("killed.db")
    for end in ("", "-wal"):
        shutil.copy(f"{store.path}{end}", f"{copies}{end}")
    again = SqliteStore(copies)
    again.open(node="here", pid=2, now_us=START_US)
    assert again.check() == []
    found = again.reader().live()
    again.close(now_us=START_US)
    return found


@pytest.mark.parametrize("error", [ENOSPC, EIO_WRITE])
def test_a_failed_write_refuses_the_batch_and_the_next_one_is_written(
    store: SqliteStore, faults: Faults, error: int
) -> None:
    with faults.failing("xWrite", error), pytest.raises(JournalFailed, match="nothing of it was done"):
        store.commit([ops.Accept(live(2)), ops.Settle(1)])
    assert after_kill(store) == store.reader().live() == [live(1)]
    store.commit([ops.Accept(live(3))])
    assert after_kill(store) == store.reader().live() == [live(1), live(3)]


def test_a_batch_whose_writes_failed_late_does_not_come_back(store: SqliteStore, faults: Faults) -> None:
    """The disk wrote all of the batch but said that it failed."""
    faults.late = True
    with faults.failing("xWrite", EIO_WRITE, "-wal"), pytest.raises(JournalFailed):
        store.commit([ops.Accept(live(2))])
    assert after_kill(store) == [live(1)]


def test_after_a_failed_sync_nothing_more_is_accepted(store: SqliteStore, path: Path, faults: Faults) -> None:
    with faults.failing("xSync", EIO_SYNC, "-wal"), pytest.raises(JournalFailed):
        store.commit([ops.Accept(live(2))])
    with pytest.raises(JournalFailed, match="a sync failed before"):
        store.commit([ops.Accept(live(3))])
    with pytest.raises(JournalFailed, match="a sync failed before"):
        store.checkpoint()
    assert store.reader().live() == [live(1)]
    store.close(now_us=START_US)
    again = SqliteStore(path, vfs=faults.name)
    assert not again.open(node="here", pid=1, now_us=START_US).clean
    assert again.reader().live() == [live(1)]
    again.commit([ops.Accept(live(3))])
    again.close(now_us=START_US)


def test_a_batch_whose_sync_failed_does_not_come_back_after_a_kill(
    store: SqliteStore, faults: Faults
) -> None:
    """All of it stands in the log by then, only unsynced."""
    with faults.failing("xSync", EIO_SYNC, "-wal"), pytest.raises(JournalFailed):
        store.commit([ops.Accept(live(2))])
    assert after_kill(store) == [live(1)]


def test_a_failed_sync_of_a_checkpoint_stops_acceptance(store: SqliteStore, faults: Faults) -> None:
    with faults.failing("xSync", EIO_SYNC, ".db"), pytest.raises(JournalFailed):
        store.checkpoint()
    with pytest.raises(JournalFailed, match="a sync failed before"):
        store.commit([ops.Accept(live(2))])
    assert after_kill(store) == [live(1)]


def test_a_checkpoint_on_a_full_disk_can_be_made_later(store: SqliteStore, faults: Faults) -> None:
    with faults.failing("xWrite", ENOSPC, ".db"), pytest.raises(JournalFailed):
        store.checkpoint()
    store.commit([ops.Accept(live(2))])
    store.checkpoint()
    assert store.reader().live() == [live(1), live(2)]


def test_a_failed_checkpoint_within_a_commit_does_not_fail_the_commit(
    store: SqliteStore, faults: Faults
) -> None:
    large = live(2, payload=bytes(40_000_000))
    with faults.failing("xSync", EIO_SYNC, ".db"):
        store.commit([ops.Accept(large)])
    assert ("xSync", str(store.path)) in faults.calls
    assert store.reader().live_one(2) == large
    with pytest.raises(JournalFailed, match="a sync failed before"):
        store.commit([ops.Accept(live(3))])


def test_the_log_is_brought_into_the_file_before_it_grows_without_end(
    store: SqliteStore, faults: Faults
) -> None:
    for id in range(2, 8):
        store.commit([ops.Accept(live(id, payload=bytes(10_000_000))), ops.Settle(id)])
    log = store.path.with_name(store.path.name + "-wal")
    assert log.stat().st_size < 50_000_000


@pytest.mark.parametrize(
    ("doing", "what"),
    [
        (lambda store: store.vacuum(), "a vacuum"),
        (lambda store: store.set_aside_state("a", START_US), "setting a state aside"),
        (lambda store: store.commit([ops.Settle(id) for id in range(2000)]), "a commit"),
    ],
    ids=["vacuum", "set aside", "commit"],
)
def test_errors_say_what_was_done(
    store: SqliteStore, faults: Faults, doing: Callable[[SqliteStore], object], what: str
) -> None:
    store.commit([ops.SaveState(state("a", 1))])
    with faults.failing("xWrite", ENOSPC), pytest.raises(JournalFailed, match=what) as caught:
        doing(store)
    assert caught.value.doing == what
    assert "FullError" in caught.value.problem


def test_a_large_batch_that_fails_in_the_middle_is_rolled_back(store: SqliteStore) -> None:
    batch = [ops.Accept(live(id)) for id in range(2, 700)]
    with pytest.raises(JournalFailed, match="UNIQUE"):
        store.commit([*batch, ops.Accept(live(1))])
    assert store.reader().live() == [live(1)]
    store.commit(batch)
    assert store.reader().counts().live == 699


def test_a_read_only_file_is_refused(path: Path, faults: Faults) -> None:
    take(path, faults).close(now_us=START_US)
    faults.read_only = True
    with pytest.raises(JournalFailed, match="opening failed"):
        take(path, faults)
    faults.read_only = False
    take(path, faults).close(now_us=START_US)


@pytest.mark.parametrize("method", ["xRead", "xWrite", "xSync"])
def test_an_error_at_the_start_leaves_the_journal_to_the_next(
    path: Path, faults: Faults, method: str
) -> None:
    error = {"xRead": EIO_READ, "xWrite": ENOSPC, "xSync": EIO_SYNC}[method]
    first = take(path, faults)
    first.commit([ops.Accept(live(1))])
    first.close(now_us=START_US)
    with faults.failing(method, error), pytest.raises(JournalFailed, match="opening failed"):
        take(path, faults)
    store = take(path, faults)
    assert store.reader().live() == [live(1)]
    store.close(now_us=START_US)


def test_an_error_at_the_end_is_told_and_the_next_start_is_not_clean(path: Path, faults: Faults) -> None:
    store = take(path, faults)
    store.commit([ops.Accept(live(1))])
    with faults.failing("xWrite", ENOSPC), pytest.raises(JournalFailed, match="closing failed"):
        store.close(now_us=START_US)
    again = SqliteStore(path, vfs=faults.name)
    assert not again.open(node="here", pid=1, now_us=START_US).clean
    assert again.reader().live() == [live(1)]
    again.close(now_us=START_US)


def test_reading_errors_are_told(store: SqliteStore, faults: Faults) -> None:
    reader = store.reader()
    with faults.failing("xRead", EIO_READ), pytest.raises(JournalFailed, match="reading failed"):
        reader.counts()
    assert reader.live() == [live(1)]
    reader.close()


@pytest.mark.parametrize(
    ("level", "synced"), [("power", 3), ("process", 0), ("none", 0)], ids=["power", "process", "none"]
)
def test_what_a_level_syncs_at_a_commit(path: Path, faults: Faults, level: SyncLevel, synced: int) -> None:
    store = take(path, faults, level)
    store.commit([ops.Accept(live(1))])
    faults.calls.clear()
    for id in (2, 3, 4):
        store.commit([ops.Accept(live(id))])
    assert [method for method, _ in faults.calls].count("xSync") == synced
    faults.calls.clear()
    store.checkpoint()
    assert ("xSync" in [method for method, _ in faults.calls]) == (level != "none")
    store.close(now_us=START_US)


def test_a_store_that_is_not_open_accepts_nothing(path: Path) -> None:
    store = SqliteStore(path)
    with pytest.raises(JournalFailed, match="it is not open"):
        store.commit([ops.Accept(live(1))])
    store.open(node="here", pid=1, now_us=START_US)
    store.close(now_us=START_US)
    with pytest.raises(JournalFailed, match="it is closed"):
        store.commit([ops.Accept(live(1))])
