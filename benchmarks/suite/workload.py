"""What a workload is: how much work, and how the orchestrator knows that all of it was done.

A worker gets `n` and friends and a fresh `nonce`, and hands back sums. What they must be is
worked out here, from the nonce: a worker that skips, doubles or makes up work cannot know it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Value = int | str
Params = Mapping[str, Value]
Proof = Mapping[str, object]


@dataclass(frozen=True, slots=True, eq=False)
class Workload:
    """One line of the table; `family` is what `--only` and a worker's function are called by."""

    family: str
    title: str
    full: dict[str, Value]
    expect: Callable[[Params, int], dict[str, int]]
    quick: dict[str, Value] = field(default_factory=dict)
    in_quick: bool = False
    operations: Callable[[Params], int] = lambda params: number(params, "n")
    soft: tuple[str, ...] = ()
    soft_note: str = ""
    cell_seconds: float = 90.0
    optional: bool = False
    # Its workers get a folder on disk that lives as long as the run, and the run's seed.
    on_disk: bool = False
    # One that takes minutes, whose figures are sums over many things, is run no more often than this.
    rounds: int | None = None

    @property
    def name(self) -> str:
        return f"{self.family} {self.title}"

    def params(self, *, quick: bool) -> dict[str, Value]:
        return {**self.full, **self.quick} if quick else dict(self.full)

    def check(self, params: Params, nonce: int, proof: Proof) -> tuple[str | None, str | None]:
        """What is wrong with the proof (None: nothing), and a remark that is no failure."""
        remark: str | None = None
        for key, expected in self.expect(params, nonce).items():
            found = proof.get(key)
            if found == expected:
                continue
            if key in self.soft:
                remark = self.soft_note
                continue
            return f"{key}: {found!r} instead of {expected}", remark
        return None, remark


def number(params: Params, key: str) -> int:
    value = params[key]
    assert isinstance(value, int)
    return value


def triangle(n: int) -> int:
    """The sum of range(n)."""
    return n * (n - 1) // 2
