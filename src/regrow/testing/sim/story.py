"""The story of a failing run: its steps in words, numbered, with what matters kept when it is long."""

from __future__ import annotations

from typing import Final, final

from regrow.testing.sim.telling import PLAIN

__all__ = ("Story",)

MOST: Final = 120
"""Lines of a story."""
BEGINNING: Final = 8
END: Final = 40
AROUND: Final = 3
"""Lines that are kept at the beginning, at the end, and before and after each that is marked."""
WIDTH: Final = 200


@final
class Story:
    """Collects the lines of one run."""

    __slots__ = ("_lines",)

    def __init__(self) -> None:
        self._lines: list[str] = []

    def tell(self, line: str) -> None:
        """One more."""
        self._lines.append(line if len(line) <= WIDTH else line[: WIDTH - 3] + "...")

    def text(self) -> str:
        """The lines, numbered; marked with `*` where the schedule deviates and `!` where a fault strikes."""
        numbered = [f"{number:5d} {line}" for number, line in enumerate(self._lines, 1)]
        kept = self._kept()
        shown: list[str] = []
        left_out = 0
        for index, line in enumerate(numbered):
            if index in kept:
                if left_out:
                    shown.append(f"      {_counted(left_out)} more")
                    left_out = 0
                shown.append(line)
            else:
                left_out += 1
        return "\n".join(shown)

    def _kept(self) -> set[int]:
        count = len(self._lines)
        if count <= MOST:
            return set(range(count))
        kept = {*range(BEGINNING), *range(count - END, count)}
        for index, line in enumerate(self._lines):
            if not line.startswith(PLAIN):
                around = range(max(0, index - AROUND), min(count, index + AROUND + 1))
                if len(kept | set(around)) > MOST:
                    break
                kept.update(around)
        return kept


def _counted(count: int) -> str:
    return "1 line" if count == 1 else f"{count} lines"
