"""Finds dead letters by any combination of conditions, a page at a time.

What dead letters share is in `dead_group`, once per cause, so that a filter first picks groups in a small
table. A page of their rows, oldest first, is then found from two sides. Where many rows match, a look at the
next few thousand in the order of death finds it at once. Where few match, the oldest row of each group is
looked up in an index; only the groups with the oldest of these can have part in the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias, final

import msgspec

from regrow.delivery.journal.rows import Cursor, Filter, Group
from regrow.delivery.journal.sql import Row, Value, rows

if TYPE_CHECKING:
    import apsw

__all__ = ("find_groups", "find_page")

Place: TypeAlias = tuple[int, int]
"""Time of death and number: what pages are ordered by."""

Values: TypeAlias = dict[str, Value]

SCANNED: Final = 4000
_MAX: Final = 2**63 - 1
_SHARED: Final = ("dest", "type", "reason", "error_type", "fingerprint", "status")

_AFTER: Final = "(d.dead_us, d.id) > (:after_us, :after_id) AND d.dead_us <= :until_us"
_BY_TIME: Final = (
    f"SELECT d.dead_us, d.id, d.grp FROM dead d WHERE {_AFTER} ORDER BY d.dead_us, d.id LIMIT :limit"
)
_BY_GROUP: Final = f"""SELECT d.dead_us, d.id FROM dead d WHERE d.grp = :grp AND {_AFTER}
ORDER BY d.dead_us, d.id LIMIT :limit"""
_CHOSEN: Final = """SELECT d.dead_us, d.id FROM dead d {by} JOIN dead_group g ON g.id = d.grp
WHERE {chosen} AND {after} AND {shared} ORDER BY d.dead_us, d.id LIMIT :limit"""
_OLDEST: Final = (
    "(SELECT d.{column} FROM dead d WHERE d.grp = g.id AND {after} ORDER BY d.dead_us, d.id LIMIT 1)"
)
_HEADS: Final = f"""SELECT dead_us, id, grp FROM (SELECT
  {_OLDEST.format(column="dead_us", after=_AFTER)} AS dead_us,
  {_OLDEST.format(column="id", after=_AFTER)} AS id, g.id AS grp
  FROM dead_group g WHERE {{shared}})
WHERE dead_us IS NOT NULL ORDER BY dead_us, id LIMIT :limit"""
_GROUPS: Final = """SELECT
  g.id, g.dest, g.type, g.reason, g.error_type, g.fingerprint, g.status, g.n AS count,
  (SELECT min(dead_us) FROM dead WHERE grp = g.id), (SELECT max(dead_us) FROM dead WHERE grp = g.id)
FROM dead_group g WHERE {shared} ORDER BY count DESC, g.id"""
_GROUPS_IN_TIME: Final = """SELECT g.id, g.dest, g.type, g.reason, g.error_type, g.fingerprint, g.status,
  count(*) AS count, min(d.dead_us), max(d.dead_us)
FROM dead_group g JOIN dead d ON d.grp = g.id
WHERE {shared} AND d.dead_us BETWEEN :from_us AND :until_us
GROUP BY g.id ORDER BY count DESC, g.id"""


def find_page(connection: apsw.Connection, where: Filter, after: Cursor | None, limit: int) -> list[int]:
    """Numbers of the first `limit` dead letters after the cursor, oldest first."""
    start = (-_MAX if where.newer_us is None else where.newer_us - 1, _MAX)
    if after is not None:
        start = max(start, (after.dead_us, after.id))
    search = _Search(connection, where, limit)
    return [id for _, id in search.page(start)]


def find_groups(connection: apsw.Connection, where: Filter) -> list[Group]:
    """The causes, the largest first, with what of them the filter's times leave."""
    timed = where.older_us is not None or where.newer_us is not None
    sql = (_GROUPS_IN_TIME if timed else _GROUPS).format(shared=_shared(where) or "1")
    found = rows(connection, sql, _values(where))
    return [msgspec.convert(dict(zip(Group.__struct_fields__, row, strict=True)), Group) for row in found]


def _shared(where: Filter) -> str:
    return " AND ".join(f"g.{name} = :{name}" for name in _SHARED if getattr(where, name) is not None)


def _values(where: Filter) -> Values:
    return {
        **{name: getattr(where, name) for name in _SHARED},
        "key": where.key,
        "ids": msgspec.json.encode(where.ids).decode(),
        "from_us": -_MAX if where.newer_us is None else where.newer_us,
        "until_us": _MAX if where.older_us is None else where.older_us,
    }


@final
class _Search:
    """One search for one page."""

    def __init__(self, connection: apsw.Connection, where: Filter, limit: int) -> None:
        self._connection = connection
        self._where = where
        self._limit = limit
        self._shared = _shared(where)
        self._values = _values(where)

    def page(self, start: Place) -> list[Place]:
        """The first places after `start`."""
        if self._where.ids is not None:
            key = "" if self._where.key is None else " AND d.key = :key"
            return self._chosen("", f"d.id IN (SELECT value FROM json_each(:ids)){key}", start)
        if self._where.key is not None:
            return self._chosen("INDEXED BY dead_by_key", "d.key = :key", start)
        if not self._shared:
            return [(dead_us, id) for dead_us, id, _ in self._by_time(start, self._limit)]
        return self._by_cause(start)

    def _chosen(self, by: str, chosen: str, start: Place) -> list[Place]:
        sql = _CHOSEN.format(by=by, chosen=chosen, after=_AFTER, shared=self._shared or "1")
        return msgspec.convert(self._rows(sql, start, limit=self._limit), list[Place])

    def _by_cause(self, start: Place) -> list[Place]:
        groups = self._rows(f"SELECT g.id FROM dead_group g WHERE {self._shared}", start)
        wanted = {row[0] for row in groups}
        if not wanted:
            return []
        scanned = self._by_time(start, SCANNED)
        found = [(dead_us, id) for dead_us, id, grp in scanned if grp in wanted][: self._limit]
        if len(found) < self._limit and len(scanned) == SCANNED:
            found += self._merged(scanned[-1][:2], self._limit - len(found))
        return found

    def _merged(self, start: Place, limit: int) -> list[Place]:
        """The oldest rows of all matching groups, from the groups whose oldest row is among the oldest."""
        page: list[Place] = []
        heads = self._rows(_HEADS.format(shared=self._shared), start, limit=limit)
        for dead_us, id, grp in msgspec.convert(heads, list[tuple[int, int, int]]):
            bound: Values = {}
            if len(page) == limit:
                if (dead_us, id) > page[-1]:
                    break
                bound = {"until_us": page[-1][0]}
            more = self._rows(_BY_GROUP, start, grp=grp, limit=limit, **bound)
            page = sorted([*page, *msgspec.convert(more, list[Place])])[:limit]
        return page

    def _by_time(self, start: Place, limit: int) -> list[tuple[int, int, int]]:
        return msgspec.convert(self._rows(_BY_TIME, start, limit=limit), list[tuple[int, int, int]])

    def _rows(self, sql: str, start: Place, **more: Value) -> list[Row]:
        values = {**self._values, "after_us": start[0], "after_id": start[1], **more}
        return rows(self._connection, sql, values)
