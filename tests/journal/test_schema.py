"""Files of every released schema open and are brought up to the current one, or stay as they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from regrow.delivery.journal import schema
from regrow.delivery.journal.memory import MemoryStore
from regrow.delivery.journal.rows import Filter
from regrow.delivery.journal.sqlite import SqliteStore
from regrow.delivery.journal.store import Reader
from regrow.errors import JournalFailed
from tests.journal.contract import counts, take
from tests.journal.history import HISTORY, SCHEMAS, dump, fill, restore
from tests.journal.samples import START_US

RELEASED = [1]

# Schema 0 was never released: it stands for an older one, with other tables than today's.
BEFORE = """
ALTER TABLE boot RENAME TO old_boot;
ALTER TABLE dead RENAME TO old_dead;
"""
AFTER = """
INSERT INTO boot SELECT id, node, 0, started_us, stopped_us FROM old_boot;
UPDATE counter SET n = (SELECT accepted FROM total) WHERE name = 'accepted';
UPDATE counter SET n = (SELECT done FROM total) WHERE name = 'done';
UPDATE counter SET n = (SELECT discarded FROM total) WHERE name = 'discarded';
UPDATE counter SET n = (SELECT last_id FROM total) WHERE name = 'last_id';
INSERT INTO live(id, mid, dest, kind, type, payload, created_us, due_us, max_attempts, max_crashes, discard,
  attempts, crashes, redrives)
SELECT id, mid, dest, 0, type, payload, created_us, created_us, 5, 3, 0, attempts, 0, 0 FROM delivery;
INSERT INTO dead_group(dest, type, reason, error_type, fingerprint, status)
SELECT DISTINCT dest, type, reason, error_type, fingerprint, 0 FROM old_dead;
INSERT INTO dead(id, grp, status, mid, kind, payload, created_us, due_us, max_attempts, max_crashes, discard,
  attempts, crashes, redrives, auto_retries, dead_us)
SELECT o.id, g.id, 0, mid, 0, payload, created_us, created_us, 5, 3, 0, attempts, 0, 0, 0, dead_us
FROM old_dead o JOIN dead_group g USING (dest, type, reason, error_type, fingerprint);
DROP TABLE old_boot; DROP TABLE old_dead; DROP TABLE delivery; DROP TABLE total;
"""
UPGRADES = {0: BEFORE + schema.SCHEMA + AFTER}


def everything(reader: Reader) -> list[object]:
    letters = reader.dead(Filter())
    return [
        reader.counts(),
        reader.live(),
        letters,
        [reader.attempts(id) for id in range(10)],
        {(group.reason, group.error_type, group.status, group.count) for group in reader.groups(Filter())},
        reader.next_retry_us(),
        reader.dead_expired(START_US * 2, 10),
        reader.processed("app", "key"),
        reader.state("app"),
        reader.events("app", after=0),
        reader.jobs(),
        reader.audit(),
    ]


@pytest.mark.parametrize("version", RELEASED)
def test_a_journal_of_every_released_schema_is_read_as_it_was_written(path: Path, version: int) -> None:
    restore((SCHEMAS / f"{version}.sql").read_text(), path)
    store = SqliteStore(path)
    opened = take(store)
    assert (opened.boot, opened.clean, opened.next_id, opened.epochs) == (2, True, 9, {"app": 4})
    assert store.check() == []
    memory = MemoryStore()
    assert take(memory).boot == 1
    memory.commit(HISTORY)
    assert everything(store.reader()) == everything(memory.reader())
    store.close(now_us=START_US)


def test_there_is_a_fixture_of_every_schema_up_to_the_current_one() -> None:
    assert RELEASED[-1] == schema.VERSION
    assert sorted(int(file.stem) for file in SCHEMAS.glob("*.sql")) == [0, *RELEASED]


def test_the_current_schema_is_the_one_of_its_fixture(path: Path) -> None:
    """Whoever changes a released schema must give it a new number."""
    fill(path)
    fixture = (SCHEMAS / f"{schema.VERSION}.sql").read_text()
    assert dump(path) == fixture


def test_an_older_schema_is_upgraded_after_a_copy_is_made(path: Path) -> None:
    restore((SCHEMAS / "0.sql").read_text(), path)
    old = dump(path)
    store = SqliteStore(path, upgrades=UPGRADES)
    opened = take(store)
    assert (opened.boot, opened.clean, opened.next_id) == (4, True, 13)
    reader = store.reader()
    assert reader.counts() == counts(accepted=9, live=2, done=4, dead=2, discarded=1)
    assert [(live.id, live.payload, live.attempts) for live in reader.live()] == [
        (5, b"pa", 2),
        (12, b"pb", 0),
    ]
    assert [letter.live.id for letter in reader.dead(Filter(dest="worker", error_type="E"))] == [6, 7]
    assert [group.count for group in reader.groups(Filter())] == [2]
    assert store.check() == []
    reader.close()
    store.close(now_us=START_US)
    copy = path.with_name(f"{path.name}.schema-0-{START_US}")
    assert dump(copy) == old
    assert copy.stat().st_mode & 0o777 == 0o600
    assert take(SqliteStore(path)).boot == 5
    assert len(list(path.parent.glob("*.schema-*"))) == 1


@pytest.mark.parametrize("broken", ["NO SUCH STATEMENT;", "INSERT INTO live(id) VALUES (5);"])
def test_an_upgrade_that_fails_changes_nothing(path: Path, broken: str) -> None:
    restore((SCHEMAS / "0.sql").read_text(), path)
    old = dump(path)
    with pytest.raises(JournalFailed, match="opening failed"):
        take(SqliteStore(path, upgrades={0: UPGRADES[0] + broken}))
    assert dump(path) == old
    store = SqliteStore(path, upgrades=UPGRADES)
    assert take(store).boot == 4
    store.close(now_us=START_US)


def test_an_older_schema_without_an_upgrade_is_left_alone(path: Path) -> None:
    restore((SCHEMAS / "0.sql").read_text(), path)
    old = dump(path)
    with pytest.raises(JournalFailed, match="schema 0 can't be upgraded"):
        take(SqliteStore(path))
    assert dump(path) == old
