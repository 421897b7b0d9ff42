"""Edits of a text: applied, and which of them can be made together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from regrow.lint.model import Edit, Fix


def apply(content: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made; they are given in any order and don't overlap."""
    parts: list[str] = []
    at = 0
    for edit in sorted(edits):
        assert at <= edit.start <= edit.end <= len(content), f"{edit} overlaps another or isn't in the text"
        parts += (content[at : edit.start], edit.text)
        at = edit.end
    parts.append(content[at:])
    return "".join(parts)


def is_sound(content: str, edits: Sequence[Edit]) -> bool:
    """Whether they stand in the text, change it, and don't overlap."""
    at, last = 0, -1
    for edit in sorted(edits):
        if not at <= edit.start <= edit.end <= len(content) or edit.start == last:
            return False
        at, last = edit.end, edit.start
    return any(content[edit.start : edit.end] != edit.text for edit in edits)


def extent(fix: Fix) -> tuple[int, int]:
    """From the first character that a fix touches to the one after the last."""
    return min(edit.start for edit in fix.edits), max(edit.end for edit in fix.edits)


def without_overlaps(fixes: Iterable[Fix]) -> list[Fix]:
    """The fixes that can be made together, from top to bottom; the others wait for the next round.

    What stands between a fix's edits belongs to it: two that are nested in each other, or touch, aren't
    made at once.
    """
    taken: list[Fix] = []
    free = -1
    for fix in sorted(fixes, key=lambda one: (*extent(one), one.message)):
        first, end = extent(fix)
        if first > free:
            taken.append(fix)
            free = end
    return taken
