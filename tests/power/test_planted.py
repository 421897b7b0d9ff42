"""A store that leaves one kind of sync out is found within 200 cuts: the examination would see it."""

from __future__ import annotations

import pytest

from regrow.delivery.journal.store import SyncLevel
from tests.power.campaign import Options, run
from tests.power.recorder import SyncKind

IMAGES = 200

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
