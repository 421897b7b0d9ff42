"""Pages of dead letters by any conditions are those that looking at every letter would find."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from regrow.delivery.journal import operations as ops
from regrow.delivery.journal import search
from regrow.delivery.journal.rows import Cursor, DeadLetter, Filter
from regrow.delivery.journal.sqlite import SqliteStore
from regrow.delivery.journal.store import Reader
from tests.journal.contract import take
from tests.journal.model import Model
from tests.journal.samples import START_US, burial, live

LETTERS = 400
CHOICES: dict[str, list[Any]] = {
    "dest": ["a", "b", "c"],
    "type": ["t", "u"],
    "reason": ["rejected", "expired", "operator"],
    "error_type": [None, "E"],
    "fingerprint": [b"1", b"2", b"3", b"4", b"5"],
}


@pytest.fixture(scope="module")
def model() -> Model:
    """Deaths at few times, so that many are at the same; causes of very different sizes."""
    chance, model = random.Random(3), Model()
    for id in chance.sample(range(1, 10_000), LETTERS):
        values = {name: chance.choice(some[: chance.randint(1, len(some))]) for name, some in CHOICES.items()}
        which = {name: values.pop(name) for name in ("dest", "type")}
        model.commit([ops.BuryNew(live(id, **which), burial(chance.randrange(60), **values))])
    return model


@pytest.fixture
def reader(path: Path, model: Model) -> Iterator[Reader]:
    store = SqliteStore(path, "none")
    take(store)
    letters = [entry.letter() for entry in model.fated("dead")]
    store.commit([ops.BuryNew(letter.live, letter.burial) for letter in letters])
    yield store.reader()
    store.close(now_us=START_US)


def some_filter(chance: random.Random) -> Filter:
    names = [name for name in CHOICES if chance.random() < 0.4]
    values: dict[str, Any] = {name: chance.choice(CHOICES[name]) for name in names}
    values |= {name: chance.randrange(60) for name in ("older_us", "newer_us") if chance.random() < 0.3}
    return Filter(**values)


@pytest.mark.parametrize("scanned", [1, 20, 4000])
def test_pages_by_any_conditions(
    reader: Reader, model: Model, scanned: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "SCANNED", scanned)
    chance = random.Random(scanned)
    for _ in range(80):
        where, limit = some_filter(chance), chance.choice([1, 3, 10, 50])
        expected = [letter.live.id for letter in model.dead(where, None, LETTERS)]
        found: list[DeadLetter] = []
        after: Cursor | None = None
        while page := reader.dead(where, after=after, limit=limit):
            assert len(page) <= limit
            found += page
            after = Cursor(page[-1].burial.dead_us, page[-1].live.id)
        assert [letter.live.id for letter in found] == expected
