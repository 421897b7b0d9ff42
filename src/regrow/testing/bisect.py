"""Finding the tests that pollute another: delta debugging, of the fewest that are to blame together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeAlias

from regrow.errors import NotPolluted, VictimFailsAlone

__all__ = ("Run", "find_polluter")

Run: TypeAlias = Callable[[Sequence[str]], bool]
"""Runs these tests, in this order, the victim last, and says whether the victim passed."""


def find_polluter(run: Run, suspects: Sequence[str], victim: str) -> list[str]:
    """Find the fewest of the suspects after which the victim fails: without any one of them it passes.

    It takes about 2 log2(n) runs for one polluter among n suspects, some more for two that are needed
    together.

    Args:
        run: Takes the tests that are to run, in order, the victim last; True if the victim passed.
        suspects: The tests that run before it, in their order.
        victim: The test that passes alone and fails after them.

    Returns:
        The polluters, in the order of the suspects.

    Raises:
        VictimFailsAlone: It fails without any of them.
        NotPolluted: It passes after all of them.
    """
    known: dict[tuple[str, ...], bool] = {}

    def fails_after(tests: Sequence[str]) -> bool:
        chosen = tuple(tests)
        if chosen not in known:
            known[chosen] = not run([*chosen, victim])
        return known[chosen]

    if fails_after(()):
        raise VictimFailsAlone(victim)
    if not fails_after(suspects):
        raise NotPolluted(victim, len(suspects))
    return _reduced(list(suspects), fails_after)


def _reduced(tests: list[str], fails_after: Callable[[Sequence[str]], bool]) -> list[str]:
    """Zeller's ddmin: halves first, then what is left without a part, then smaller parts."""
    parts = 2
    while len(tests) > 1:
        chunks = _split(tests, parts)
        chunk = next((chunk for chunk in chunks if fails_after(chunk)), None)
        if chunk is not None:
            tests, parts = chunk, 2
            continue
        rest = next((rest for rest in _without_each(chunks) if fails_after(rest)), None)
        if rest is not None:
            tests, parts = rest, max(parts - 1, 2)
        elif parts < len(tests):
            parts = min(2 * parts, len(tests))
        else:
            break
    return tests


def _split(tests: list[str], parts: int) -> list[list[str]]:
    edges = [len(tests) * part // parts for part in range(parts + 1)]
    return [tests[start:end] for start, end in pairwise(edges)]


def _without_each(chunks: list[list[str]]) -> list[list[str]]:
    if len(chunks) < 3:
        return []  # without one half is the other half
    return [
        [test for other in (*chunks[:number], *chunks[number + 1 :]) for test in other]
        for number in range(len(chunks))
    ]
