"""The tables of a journal file, their version, and how an older one becomes the current one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from regrow.delivery.journal.sql import cell, run

if TYPE_CHECKING:
    import apsw

__all__ = ("APPLICATION_ID", "SCHEMA", "UPGRADES", "VERSION", "create", "upgrade", "version_of")

APPLICATION_ID: Final = 0x52475257
"""What `file` and SQLite know a journal by: "RGRW"."""

VERSION: Final = 1
"""The schema that this code reads and writes; kept in `PRAGMA user_version`."""

UPGRADES: Final[dict[int, str]] = {}
"""What makes schema n + 1 of schema n, by n; run within one transaction."""

# `live` has no index but its number: the owner keeps the queue in memory, so that a message costs one
# insert and one delete. What a dead letter shares with others stands in `dead_group` once; a filter picks
# groups there, and `dead_by_group` and `dead_by_time` give their rows in the order of death.
SCHEMA: Final = """
CREATE TABLE meta(k TEXT PRIMARY KEY, v ANY) STRICT, WITHOUT ROWID;
CREATE TABLE boot(
  id INTEGER PRIMARY KEY, node TEXT NOT NULL, pid INTEGER NOT NULL,
  started_us INTEGER NOT NULL, stopped_us INTEGER) STRICT;
CREATE TABLE counter(name TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO counter VALUES ('accepted', 0), ('done', 0), ('discarded', 0), ('last_id', 0);
CREATE TABLE live(
  id INTEGER PRIMARY KEY, mid BLOB NOT NULL, dest TEXT NOT NULL, kind INTEGER NOT NULL, type TEXT NOT NULL,
  payload BLOB NOT NULL, key TEXT, lane TEXT, source TEXT, headers BLOB, traceparent TEXT,
  created_us INTEGER NOT NULL, expires_us INTEGER, due_us INTEGER NOT NULL,
  max_attempts INTEGER NOT NULL, max_crashes INTEGER NOT NULL, discard INTEGER NOT NULL,
  attempt_timeout REAL, attempts INTEGER NOT NULL, crashes INTEGER NOT NULL, redrives INTEGER NOT NULL,
  auto_retries INTEGER NOT NULL DEFAULT 0, original BLOB) STRICT;
CREATE TABLE attempt(
  delivery INTEGER NOT NULL, n INTEGER NOT NULL, boot INTEGER NOT NULL,
  started_us INTEGER NOT NULL, ended_us INTEGER NOT NULL, outcome TEXT NOT NULL,
  error_type TEXT, error TEXT, trace TEXT, delay_us INTEGER NOT NULL,
  PRIMARY KEY(delivery, n)) STRICT, WITHOUT ROWID;
CREATE TABLE dead_group(
  id INTEGER PRIMARY KEY, dest TEXT NOT NULL, type TEXT NOT NULL, reason TEXT NOT NULL,
  error_type TEXT, fingerprint BLOB NOT NULL, status INTEGER NOT NULL, n INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE UNIQUE INDEX dead_group_cause ON dead_group(
  dest, type, reason, ifnull(error_type, 0), fingerprint, status);
CREATE INDEX dead_group_fingerprint ON dead_group(fingerprint);
CREATE TABLE dead(
  id INTEGER PRIMARY KEY, grp INTEGER NOT NULL REFERENCES dead_group(id), status INTEGER NOT NULL,
  mid BLOB NOT NULL, kind INTEGER NOT NULL, payload BLOB NOT NULL,
  key TEXT, lane TEXT, source TEXT, headers BLOB, traceparent TEXT,
  created_us INTEGER NOT NULL, expires_us INTEGER, due_us INTEGER NOT NULL,
  max_attempts INTEGER NOT NULL, max_crashes INTEGER NOT NULL, discard INTEGER NOT NULL,
  attempt_timeout REAL, attempts INTEGER NOT NULL, crashes INTEGER NOT NULL, redrives INTEGER NOT NULL,
  auto_retries INTEGER NOT NULL, error TEXT, dead_us INTEGER NOT NULL, retry_us INTEGER, purge_us INTEGER,
  code_version TEXT, edited BLOB, note TEXT, original BLOB) STRICT;
CREATE INDEX dead_by_message ON dead(mid);
CREATE INDEX dead_by_time ON dead(dead_us, id, grp);
CREATE INDEX dead_by_group ON dead(grp, dead_us, id);
CREATE INDEX dead_by_key ON dead(key, dead_us, id) WHERE key IS NOT NULL;
CREATE INDEX dead_retry ON dead(retry_us, id) WHERE retry_us IS NOT NULL AND status = 0;
CREATE INDEX dead_purge ON dead(purge_us, id) WHERE purge_us IS NOT NULL;
CREATE TRIGGER dead_in AFTER INSERT ON dead BEGIN
  UPDATE dead_group SET n = n + 1 WHERE id = NEW.grp;
END;
CREATE TRIGGER dead_moved AFTER UPDATE OF grp ON dead WHEN NEW.grp <> OLD.grp BEGIN
  UPDATE dead_group SET n = n + 1 WHERE id = NEW.grp;
  UPDATE dead_group SET n = n - 1 WHERE id = OLD.grp;
  DELETE FROM dead_group WHERE id = OLD.grp AND n = 0;
END;
CREATE TRIGGER dead_out AFTER DELETE ON dead BEGIN
  UPDATE dead_group SET n = n - 1 WHERE id = OLD.grp;
  DELETE FROM dead_group WHERE id = OLD.grp AND n = 0;
END;
CREATE TABLE quarantine(
  fingerprint BLOB PRIMARY KEY, at_us INTEGER NOT NULL, actor TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE processed(
  consumer TEXT NOT NULL, key TEXT NOT NULL, until_us INTEGER NOT NULL,
  PRIMARY KEY(consumer, key)) STRICT, WITHOUT ROWID;
CREATE INDEX processed_until ON processed(until_us);
CREATE TABLE incarnation(name TEXT PRIMARY KEY, epoch INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE state(
  name TEXT PRIMARY KEY, type TEXT NOT NULL, schema INTEGER NOT NULL, epoch INTEGER NOT NULL,
  version INTEGER NOT NULL, data BLOB NOT NULL, updated_us INTEGER NOT NULL) STRICT;
CREATE TABLE state_event(
  name TEXT NOT NULL, version INTEGER NOT NULL, schema INTEGER NOT NULL, data BLOB NOT NULL,
  PRIMARY KEY(name, version)) STRICT, WITHOUT ROWID;
CREATE TABLE redrive(id INTEGER PRIMARY KEY, job TEXT NOT NULL) STRICT;
CREATE TABLE audit(
  id INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
  target TEXT NOT NULL, detail TEXT) STRICT;
"""


def create(connection: apsw.Connection) -> None:
    """Make the tables in an empty database, in one transaction."""
    with connection:
        run(connection, SCHEMA)
        _stamp(connection, VERSION)


def version_of(connection: apsw.Connection) -> int | str | None:
    """Schema of a journal; None for an empty database; a text that says what else it is."""
    application = cell(connection, "PRAGMA application_id")
    if application == APPLICATION_ID:
        return int(str(cell(connection, "PRAGMA user_version")))
    if application == 0 and not cell(connection, "SELECT count(*) FROM sqlite_schema"):
        return None
    return f"a database of something else, with application_id {application!r}"


def upgrade(connection: apsw.Connection, found: int, steps: Mapping[int, str]) -> None:
    """Bring the tables from schema `found` to the current one, in one transaction: all of it or nothing."""
    with connection:
        for version in range(found, VERSION):
            run(connection, steps[version])
        _stamp(connection, VERSION)


def _stamp(connection: apsw.Connection, version: int) -> None:
    run(connection, f"PRAGMA application_id = {APPLICATION_ID}")
    run(connection, f"PRAGMA user_version = {version}")
