"""A store that leaves one kind of sync out is found within 200 cuts: the examination would see it."""

from __future__ import annotations

from collections.abc import Sequence

import apsw
import pytest

from regrow.delivery.journal import sqlite
from regrow.delivery.journal.operations import Operation
from regrow.delivery.journal.store import SyncLevel
from regrow.delivery.journal.writes import write
from tests.power.campaign import Options, run
from tests.power.recorder import SyncKind

IMAGES = 200

TORN = "it holds part of a batch"
LOST = "acknowledged batches are lost"
REFUSED = "opening failed: JournalDamaged"


@pytest.mark.parametrize("seed", [7, 8])
@pytest.mark.parametrize(
    ("level", "ignored", "problem"),
    [
        pytest.param("power", "log", LOST, id="the log isn't synced at a commit"),
        pytest.param("process", "log", REFUSED, id="the log isn't synced before a checkpoint"),
        pytest.param("power", "database", REFUSED, id="the database isn't synced at a checkpoint"),
        pytest.param("process", "database", REFUSED, id="nor at level process"),
        pytest.param("power", "names", LOST, id="the name of a new log isn't synced"),
    ],
)
def test_a_sync_that_is_left_out_is_found(
    level: SyncLevel, ignored: SyncKind, problem: str, seed: int
) -> None:
    result = run(Options(images=IMAGES, seed=seed, level=level, ignored=(ignored,), stop=problem))
    assert result.images <= IMAGES
    assert problem in "\n".join(result.problems)


@pytest.mark.parametrize("seed", [7, 8])
@pytest.mark.parametrize(
    ("level", "told", "problem"),
    [
        pytest.param("power", "process", LOST, id="synchronous=NORMAL at level power"),
        pytest.param("process", "none", REFUSED, id="synchronous=OFF at level process"),
    ],
)
def test_a_store_that_syncs_less_than_its_level_is_found(
    level: SyncLevel, told: SyncLevel, problem: str, seed: int
) -> None:
    result = run(Options(images=IMAGES, seed=seed, level=level, store_level=told, stop=problem))
    assert result.images <= IMAGES
    assert problem in "\n".join(result.problems)


def test_a_batch_in_two_transactions_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def in_halves(connection: apsw.Connection, batch: Sequence[Operation]) -> None:
        middle = len(batch) // 2
        write(connection, batch[:middle])
        write(connection, batch[middle:])

    monkeypatch.setattr(sqlite, "write", in_halves)
    result = run(Options(images=IMAGES, seed=7, stop=TORN))
    assert result.images <= IMAGES
    assert result.torn_batches > 0
