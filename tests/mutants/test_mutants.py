"""Every patch still fits, and the quickest mutants are found; ``python -m tests.mutants`` tries all."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.mutants.catalogue import MUTANTS
from tests.mutants.patching import PATCHES, BadPatch, apply, hunks_of
from tests.mutants.workshop import copy_of_source, simulate

QUICK = {1: "trees", 5: "dynamic", 11: "ties"}
"""Mutants, and the scenario that finds each soon."""


def test_each_mutant_has_a_patch_and_each_patch_a_mutant() -> None:
    assert [one.number for one in MUTANTS] == list(range(1, 26))
    assert sorted(one.patch for one in MUTANTS) == sorted(PATCHES.glob("*.patch"))


def test_every_area_has_its_mutants() -> None:
    areas = Counter(one.area for one in MUTANTS)
    assert set(areas) == {"supervisors", "calls", "monitors", "delivery", "persistence"}
    assert min(areas.values()) >= 4


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: str(mutant.number))
def test_every_patch_fits_and_compiles(mutant: object, tmp_path: Path) -> None:
    patch = next(one for one in MUTANTS if one is mutant).patch
    source = Path(__file__).parents[2]
    for hunk in hunks_of(patch):
        copy = tmp_path / hunk.file
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text((source / hunk.file).read_text())
    for path in apply(patch, tmp_path):
        compile(path.read_text(), str(path), "exec")


def test_a_patch_that_does_not_fit_changes_nothing(tmp_path: Path) -> None:
    patch = tmp_path / "01-bad.patch"
    patch.write_text("--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n-one\n+two\n three\n")
    (tmp_path / "x.py").write_text("one\nfour\n")
    with pytest.raises(BadPatch, match=r"01-bad\.patch: hunk 1 fits 0 places of x\.py, not 1"):
        apply(patch, tmp_path)
    assert (tmp_path / "x.py").read_text() == "one\nfour\n"


@pytest.mark.parametrize("number", QUICK)
def test_the_quickest_are_found(number: int) -> None:
    mutant = MUTANTS[number - 1]
    with copy_of_source(mutant.patch) as root:
        found = simulate(root, seeds=100, part=mutant.part, scenario=QUICK[number])
    assert found is not None
    assert found.by == QUICK[number]
