"""Runs SQL, with types that don't depend on the Python version as apsw's do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import apsw

__all__ = ("Row", "Value", "cell", "rows", "run")

Value: TypeAlias = str | bytes | int | float | None
Row: TypeAlias = tuple[Value, ...]


def run(connection: apsw.Connection, sql: str, values: Sequence[Value] | Mapping[str, Value] = ()) -> None:
    """Run all statements of `sql` to their ends."""
    # apsw stops at the first row that a statement returns, as some pragmas do.
    for _ in connection.execute(sql, values):  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        pass


def rows(
    connection: apsw.Connection, sql: str, values: Sequence[Value] | Mapping[str, Value] = ()
) -> list[Row]:
    """All rows of a query."""
    return connection.execute(sql, values).fetchall()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def cell(connection: apsw.Connection, sql: str, values: Sequence[Value] | Mapping[str, Value] = ()) -> Value:
    """The first column of the first row, None if there is no row."""
    found = rows(connection, sql, values)
    return found[0][0] if found else None
