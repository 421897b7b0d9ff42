"""The write-ahead log of a program that is killed again and again doesn't grow for ever."""

from __future__ import annotations

import shutil
from pathlib import Path

from regrow.delivery.journal.operations import Accept, Settle
from regrow.delivery.journal.sqlite import SqliteStore
from tests.journal.samples import START_US, live

ROWS = 200


def killed(path: Path, into: Path) -> Path:
    """What a kill leaves of the journal: its files as they are while it is open."""
    into.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(path.with_name(path.name + suffix), into / f"journal.db{suffix}")
    return into / "journal.db"


def test_an_open_after_a_kill_empties_the_log(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    sizes: list[int] = []
    for run in range(6):
        store = SqliteStore(path)
        opened = store.open(node="test", pid=1, now_us=START_US)
        numbers = range(opened.next_id, opened.next_id + ROWS)
        store.commit([Accept(live(number)) for number in numbers])
        store.commit([Settle(number) for number in numbers])
        sizes.append(path.with_name("journal.db-wal").stat().st_size)
        path = killed(path, tmp_path / f"run-{run}")
        store.close(now_us=START_US)
    assert sizes[-1] <= 2 * sizes[0]
