"""The dead letters of S6: the worker builds a file of them, the orchestrator knows what is found in it.

Few causes make most of them, as in life. A cause has one recipient, one type of error and one
fingerprint; its letters have different reasons. All follows from a seed.
"""

from __future__ import annotations

import bisect
import functools
import heapq
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass

CAUSES = 2_000
DESTS = 50
REASONS = ("max_attempts", "crash_loop", "rejected", "expired", "no_route", "operator")
FIELDS = ("dest", "reason", "error_type", "fingerprint")
FIRST_US = 1_700_000_000_000_000
PAGE = 100
_STEP_US = 1_000
_SKEW = 3


@dataclass(frozen=True, slots=True)
class Cause:
    """What one mistake in somebody's code leads to."""

    number: int

    @property
    def dest(self) -> str:
        return f"service-{self.number % DESTS}"

    @property
    def error_type(self) -> str:
        return f"shop.errors.Error{self.number // DESTS}"

    @property
    def fingerprint(self) -> bytes:
        return (self.number * 0x9E3779B97F4A7C15 % 2**64).to_bytes(8, "big")


@dataclass(frozen=True, slots=True)
class Query:
    """A filter: None where it does not matter."""

    dest: str | None
    reason: str | None
    error_type: str | None
    fingerprint: bytes | None
    newer_us: int | None
    older_us: int | None


def dead_us(row: int) -> int:
    """When it died; two at a time."""
    return FIRST_US + row // 2 * 2 * _STEP_US


def letters(n: int, seed: int) -> Iterator[tuple[Cause, str]]:
    """Cause and reason of each, oldest first; the number of the first is 1."""
    numbers = random.Random(seed)
    causes = [Cause(number) for number in range(CAUSES)]
    for _ in range(n):
        cause = causes[int(CAUSES * numbers.random() ** _SKEW)]
        yield cause, REASONS[int(len(REASONS) * numbers.random() ** 2)]


def queries(n: int, nonce: int) -> list[Query]:
    """Every combination of conditions, thrice: of what is frequent, rare, and rarely found together."""
    numbers = random.Random(nonce)
    rare = Cause(numbers.randrange(CAUSES // 2, CAUSES))
    other = Cause(numbers.randrange(CAUSES))
    frequent = Cause(0)
    found: list[Query] = []
    for dest, reason, error_type, fingerprint, age in itertools.product((True, False), repeat=5):
        for by, of, why in ((frequent, frequent, 0), (rare, rare, -1), (other, rare, 2)):
            newer = dead_us(n * 9 // 10) - _STEP_US if age and of is frequent else None
            older = dead_us(n // 10) + _STEP_US if age and of is rare else None
            found.append(
                Query(
                    by.dest if dest else None,
                    REASONS[why] if reason else None,
                    of.error_type if error_type else None,
                    by.fingerprint if fingerprint else None,
                    newer,
                    older,
                )
            )
    return found


@functools.cache
def _rows(n: int, seed: int) -> dict[tuple[Cause, str], list[int]]:
    found: dict[tuple[Cause, str], list[int]] = {}
    for row, key in enumerate(letters(n, seed)):
        found.setdefault(key, []).append(row)
    return found


def expected(n: int, seed: int, nonce: int) -> tuple[int, int]:
    """How many letters all first pages have together, and the sum of their numbers."""
    count = total = 0
    for query in queries(n, nonce):
        page = _first_page(_rows(n, seed), query)
        count += len(page)
        total += sum(row + 1 for row in page)
    return count, total


def _first_page(rows: dict[tuple[Cause, str], list[int]], query: Query) -> list[int]:
    found = [
        row
        for (cause, reason), group in rows.items()
        if query.reason in {None, reason}
        and all(getattr(query, key) in {None, getattr(cause, key)} for key in FIELDS if key != "reason")
        for row in _in_time(group, query)
    ]
    return heapq.nsmallest(PAGE, found)


def _in_time(group: list[int], query: Query) -> list[int]:
    first = 0 if query.newer_us is None else bisect.bisect_left(group, query.newer_us, key=dead_us)
    last = len(group) if query.older_us is None else bisect.bisect_right(group, query.older_us, key=dead_us)
    return group[first : min(last, first + PAGE)]
