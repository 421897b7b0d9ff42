"""What SQLite does for the operations of a batch that are more than an insert: triggers of a temporary view.

A row of the view is an operation, and a trigger per kind does the work in SQLite's own machine, in the order
of the rows, so that many operations are one statement.
"""

from __future__ import annotations

import re
from typing import Final

from regrow.delivery.journal.rows import Attempt, Burial, Live, StateEvent

__all__ = (
    "BATCH_WIDTH",
    "KINDS",
    "NEW_EVENT",
    "NEW_LIVE",
    "STALE",
    "TRIGGERS",
    "WIDTH",
)

STALE: Final = "stale epoch"
"""First item of the JSON text of the constraint error that tells of a stale epoch."""

_ATTEMPT: Final = ("id", *Attempt.__struct_fields__)
_LIVE: Final = ", ".join(Live.__struct_fields__)
_BURIAL: Final = ("id", "attempts", "crashes", *Burial.__struct_fields__)

_KEPT: Final = (
    "id, mid, kind, payload, key, lane, source, headers, traceparent, created_us, expires_us, due_us, "
    "max_attempts, max_crashes, discard, attempt_timeout, redrives, auto_retries, original"
)
_GROUP: Final = """(SELECT g.id FROM dead_group g WHERE g.dest = {0}.dest AND g.type = {0}.type
    AND g.reason = {1}.reason AND ifnull(g.error_type, 0) = ifnull({1}.error_type, 0)
    AND g.fingerprint = {1}.fingerprint AND g.status = {2})"""

# Where in `sends` the bytes of a delivery begin, and how many its payload has: see `sends.Sends`.
_BEGIN: Final = "(value >> 16 & 67108863)"
_PAYLOAD: Final = "(value & 65535)"

# By kind of row: its fields, and what SQLite does with them (`:name` is the field of the row at hand).
STEPS: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "accepted": (
        ("n", "last_id"),
        """UPDATE counter SET n = n + :n WHERE name = 'accepted';
        UPDATE counter SET n = max(n, :last_id) WHERE name = 'last_id';""",
    ),
    "sends": (
        ("dest", "shape", "type", "source", "traced", "created_us", "places", "data"),
        f"""INSERT INTO live(id, mid, payload, traceparent, created_us, due_us, dest, type, source, kind,
          discard, max_crashes, max_attempts, attempts, crashes, redrives)
        SELECT key, substr(:data, {_BEGIN} + 1, 16), substr(:data, {_BEGIN} + 17, {_PAYLOAD}),
          CAST(substr(:data, {_BEGIN} + 17 + {_PAYLOAD}, :traced) AS TEXT),
          :created_us + (value >> 42), :created_us + (value >> 42), :dest, :type, :source, :shape & 3,
          :shape >> 2 & 1, :shape >> 3 & 65535, :shape >> 19, 0, 0, 0 FROM json_each(:places);""",
    ),
    "settle": (
        ("ids", "attempted"),
        """DELETE FROM attempt WHERE delivery IN (
          SELECT value FROM json_each(:attempted) JOIN live ON live.id = value);
        DELETE FROM live WHERE id IN (SELECT value FROM json_each(:ids));
        UPDATE counter SET n = n + changes() WHERE name = 'done';""",
    ),
    "settle_run": (
        ("first", "last"),
        """DELETE FROM live WHERE id BETWEEN :first AND :last;
        UPDATE counter SET n = n + changes() WHERE name = 'done';""",
    ),
    "attempt": (
        _ATTEMPT,
        """INSERT INTO attempt SELECT
          :id, 1 + ifnull((SELECT max(n) FROM attempt WHERE delivery = :id), 0), :boot, :started_us,
          :ended_us, :outcome, :error_type, :error, :trace, :delay_us
        FROM live WHERE id = :id;""",
    ),
    "retry": (
        ("id", "due_us", "attempts", "crashes"),
        "UPDATE live SET due_us = :due_us, attempts = :attempts, crashes = :crashes WHERE id = :id;",
    ),
    "bury": (
        _BURIAL,
        f"""INSERT INTO dead_group(dest, type, reason, error_type, fingerprint, status)
        SELECT dest, type, :reason, :error_type, :fingerprint, :status FROM live WHERE id = :id
        ON CONFLICT DO NOTHING;
        INSERT INTO dead({_KEPT}, grp, status, attempts, crashes, error, dead_us, retry_us, purge_us,
          code_version)
        SELECT {_KEPT}, {_GROUP.format("live", "NEW_", ":status")}, :status, :attempts, :crashes, :error,
          :dead_us, :retry_us, :expires_us, :code_version FROM live WHERE id = :id;
        DELETE FROM live WHERE id = :id;""".replace("NEW_.", ":"),
    ),
    "discard": (
        ("id",),
        """DELETE FROM attempt WHERE delivery = (SELECT id FROM live WHERE id = :id);
        DELETE FROM live WHERE id = :id;
        UPDATE counter SET n = n + changes() WHERE name = 'discarded';""",
    ),
    "revive": (
        ("id", "due_us", "dest", "auto"),
        f"""INSERT INTO live({_LIVE}, auto_retries, original)
        SELECT d.id, d.mid, ifnull(:dest, g.dest), d.kind, g.type, ifnull(d.edited, d.payload), d.created_us,
          :due_us, d.source, d.traceparent, d.max_attempts, d.max_crashes, d.discard, d.key, d.lane,
          d.headers, CASE WHEN d.expires_us > :due_us THEN d.expires_us END, d.attempt_timeout, 0, 0,
          d.redrives + 1, d.auto_retries + :auto,
          iif(d.edited IS NULL, d.original, ifnull(d.original, d.payload))
        FROM dead d JOIN dead_group g ON g.id = d.grp WHERE d.id = :id;
        DELETE FROM dead WHERE id = :id;""",
    ),
    "purge": (
        ("id",),
        """DELETE FROM attempt WHERE delivery = (SELECT id FROM dead WHERE id = :id);
        DELETE FROM dead WHERE id = :id;
        UPDATE counter SET n = n + changes() WHERE name = 'discarded';""",
    ),
    "annotate": (
        (
            *("id", "set_edited", "edited", "set_note", "note", "set_retry", "retry_us"),
            *("set_auto", "auto_retries", "set_original", "original"),
        ),
        """UPDATE dead SET edited = iif(:set_edited, :edited, edited), note = iif(:set_note, :note, note),
          retry_us = iif(:set_retry, :retry_us, retry_us),
          auto_retries = iif(:set_auto, :auto_retries, auto_retries),
          original = iif(:set_original, :original, original) WHERE id = :id;""",
    ),
    "regroup": (
        ("id", "status"),
        f"""INSERT INTO dead_group(dest, type, reason, error_type, fingerprint, status)
        SELECT g.dest, g.type, g.reason, g.error_type, g.fingerprint, :status
        FROM dead d JOIN dead_group g ON g.id = d.grp WHERE d.id = :id ON CONFLICT DO NOTHING;
        UPDATE dead SET status = :status,
          grp = (SELECT {_GROUP.format("o", "o", ":status")} FROM dead_group o WHERE o.id = dead.grp)
        WHERE id = :id;""",
    ),
    "cause": (
        ("fingerprint", "on_", "at_us", "actor"),
        """DELETE FROM quarantine WHERE fingerprint = :fingerprint AND NOT :on_;
        INSERT INTO quarantine SELECT :fingerprint, :at_us, :actor WHERE :on_ ON CONFLICT DO NOTHING;""",
    ),
    "processed": (
        ("rows",),
        """INSERT OR REPLACE INTO processed
        SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(:rows);""",
    ),
    "forget": (("before_us",), "DELETE FROM processed WHERE until_us <= :before_us;"),
    "epoch": (
        ("name", "epoch"),
        f"""SELECT RAISE(ABORT, json_array('{STALE}', :name, :epoch, epoch))
        FROM incarnation WHERE name = :name AND epoch > :epoch;
        INSERT INTO incarnation VALUES (:name, :epoch)
        ON CONFLICT DO UPDATE SET epoch = excluded.epoch WHERE excluded.epoch > epoch;""",
    ),
    "state": (
        ("name", "type", "schema", "epoch", "version", "data", "updated_us"),
        "INSERT OR REPLACE INTO state VALUES (:name, :type, :schema, :epoch, :version, :data, :updated_us);",
    ),
    "drop": (("name", "version"), "DELETE FROM state_event WHERE name = :name AND version <= :version;"),
    "job": (("id", "job"), "INSERT OR REPLACE INTO redrive VALUES (:id, :job);"),
    "record": (
        ("at_us", "actor", "action", "target", "detail"),
        "INSERT INTO audit VALUES (NULL, :at_us, :actor, :action, :target, :detail);",
    ),
}
WIDTH: Final = max(len(fields) for fields, _ in STEPS.values())
"""How many values a row has, besides its kind."""

KINDS: Final = {name: number for number, name in enumerate(STEPS)}


def _trigger(name: str) -> str:
    fields, sql = STEPS[name]
    places = {field: f"NEW.a{place}" for place, field in enumerate(fields)}
    body = re.sub(r":(\w+)", lambda match: places[match[1]], sql)
    return (
        f"CREATE TEMP TRIGGER op_{name} INSTEAD OF INSERT ON op WHEN NEW.kind = {KINDS[name]} "
        f"BEGIN {body} END;"
    )


BATCH_WIDTH: Final = max(WIDTH, len(Live.__struct_fields__), len(StateEvent.__struct_fields__))
"""How many values a row of a whole batch has, besides its kind."""
NEW_LIVE: Final = -1
NEW_EVENT: Final = -2
"""Kinds of the rows of a whole batch that are no steps: what is inserted as it is."""


def _insert_trigger(view: str, kind: int, into: str, columns: tuple[str, ...]) -> str:
    values = ", ".join(f"NEW.a{n}" for n in range(len(columns)))
    return (
        f"CREATE TEMP TRIGGER {view}_{into} INSTEAD OF INSERT ON {view} WHEN NEW.kind = {kind} "
        f"BEGIN INSERT INTO {into}({', '.join(columns)}) VALUES ({values}); END;"
    )


def _step_trigger(view: str, width: int) -> str:
    """Steps go on to the view of steps."""
    columns = ("kind", *(f"a{n}" for n in range(min(width, WIDTH))))
    values = ", ".join(f"NEW.{column}" for column in columns)
    return (
        f"CREATE TEMP TRIGGER {view}_op INSTEAD OF INSERT ON {view} WHEN NEW.kind >= 0 "
        f"BEGIN INSERT INTO op({', '.join(columns)}) VALUES ({values}); END;"
    )


def _view(name: str, width: int) -> str:
    return (
        f"CREATE TEMP VIEW {name} AS SELECT NULL AS kind, {', '.join(f'NULL AS a{n}' for n in range(width))};"
    )


TRIGGERS: Final = "".join(
    (
        _view("op", WIDTH),
        *(_trigger(name) for name in STEPS),
        _view("batch", BATCH_WIDTH),
        _insert_trigger("batch", NEW_LIVE, "live", Live.__struct_fields__),
        _insert_trigger("batch", NEW_EVENT, "state_event", StateEvent.__struct_fields__),
        _step_trigger("batch", BATCH_WIDTH),
    )
)
"""What a connection that writes needs; temporary, so that the file has plain tables only."""
