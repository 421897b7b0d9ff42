"""Edits of a text never overlap, and all of them are made."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from regrow.lint.fixes.edits import apply, extent, is_sound, without_overlaps
from regrow.lint.model import Edit, Fix, Safety

TEXT = "def f():\n    return 'ä'\n"
EDITS = st.builds(
    lambda start, length, text: Edit(start, min(start + length, len(TEXT)), text),
    st.integers(0, len(TEXT)),
    st.integers(0, 5),
    st.text("ab\n", max_size=3),
)
FIXES = st.lists(EDITS, min_size=1, max_size=3).map(lambda edits: Fix("mend", tuple(edits), Safety.SAFE))


def test_all_edits_are_made_in_whatever_order_they_come() -> None:
    edits = [Edit(9, 9, "# two\n"), Edit(4, 5, "g"), Edit(0, 0, "# one\n")]
    assert apply(TEXT, edits) == "# one\ndef g():\n# two\n    return 'ä'\n"


def test_edits_that_overlap_stand_at_one_place_or_change_nothing_are_unsound() -> None:
    assert not is_sound(TEXT, [Edit(0, 3, "x"), Edit(2, 4, "y")])
    assert not is_sound(TEXT, [Edit(3, 3, "x"), Edit(3, 3, "y")])
    assert not is_sound(TEXT, [Edit(0, len(TEXT) + 1, "")])
    assert not is_sound(TEXT, [Edit(0, 3, "def")])
    assert not is_sound(TEXT, [])
    assert is_sound(TEXT, [Edit(0, 3, "x"), Edit(3, 4, "y")])


@given(st.lists(FIXES.filter(lambda fix: is_sound(TEXT, fix.edits)), max_size=5))
def test_fixes_made_together_dont_overlap_and_one_is_always_made(fixes: list[Fix]) -> None:
    taken = without_overlaps(fixes)
    assert bool(taken) == bool(fixes)
    ends = [extent(fix) for fix in taken]
    assert all(before[1] < after[0] for before, after in pairwise(ends))
    edits = [edit for fix in taken for edit in fix.edits]
    grown = sum(len(edit.text) - (edit.end - edit.start) for edit in edits)
    assert len(apply(TEXT, edits)) == len(TEXT) + grown
