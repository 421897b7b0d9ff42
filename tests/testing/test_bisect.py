"""Who pollutes a test: the search itself, on runs that are made up."""

from collections.abc import Callable, Sequence

import pytest

import regrow as rg
from regrow.testing.bisect import find_polluter

SUSPECTS = [f"test_{number}" for number in range(100)]


class Runs:
    """Runs in which the victim fails after certain tests; counts them, and looks at the order."""

    def __init__(self, fails_after: Callable[[set[str]], bool], suspects: Sequence[str] = SUSPECTS) -> None:
        self.fails_after = fails_after
        self.suspects = suspects
        self.made: list[tuple[str, ...]] = []

    def __call__(self, tests: Sequence[str]) -> bool:
        *before, victim = tests
        assert victim == "victim"
        assert before == [test for test in self.suspects if test in set(before)], "out of order"
        self.made.append(tuple(tests))
        return not self.fails_after(set(before))


@pytest.mark.parametrize("guilty", [0, 1, 49, 50, 98, 99])
def test_one_polluter_is_found_in_few_runs(guilty: int) -> None:
    runs = Runs(lambda before: f"test_{guilty}" in before)
    assert find_polluter(runs, SUSPECTS, "victim") == [f"test_{guilty}"]
    assert len(runs.made) <= 2 + 2 * 7


@pytest.mark.parametrize("guilty", [("test_0", "test_99"), ("test_3", "test_4"), ("test_10", "test_60")])
def test_two_that_are_needed_together_are_found_together(guilty: tuple[str, str]) -> None:
    runs = Runs(lambda before: before.issuperset(guilty))
    assert find_polluter(runs, SUSPECTS, "victim") == list(guilty)
    assert len(runs.made) < 100


def test_three_of_them_too() -> None:
    guilty = {"test_7", "test_50", "test_51"}
    assert set(find_polluter(Runs(guilty.issubset), SUSPECTS, "victim")) == guilty


def test_of_two_that_each_suffice_one_is_found() -> None:
    runs = Runs(lambda before: not before.isdisjoint({"test_20", "test_80"}))
    assert find_polluter(runs, SUSPECTS, "victim") in (["test_20"], ["test_80"])


def test_without_any_one_of_them_the_victim_passes() -> None:
    """Also where a third test heals what the others have done."""
    runs = Runs(lambda before: {"test_1", "test_2"} <= before and "test_5" not in before)
    with pytest.raises(rg.errors.NotPolluted):
        find_polluter(runs, SUSPECTS, "victim")
    assert find_polluter(Runs(runs.fails_after), SUSPECTS[:4], "victim") == ["test_1", "test_2"]


def test_the_same_tests_are_never_run_twice() -> None:
    runs = Runs(lambda before: {"test_1", "test_6"} <= before, SUSPECTS[:8])
    find_polluter(runs, SUSPECTS[:8], "victim")
    assert len(set(runs.made)) == len(runs.made)


def test_a_victim_that_fails_alone_is_nobodys_victim() -> None:
    with pytest.raises(rg.errors.VictimFailsAlone, match="victim fails when it runs alone") as caught:
        find_polluter(Runs(lambda _: True), SUSPECTS, "victim")
    assert caught.value.victim == "victim"


def test_a_victim_that_passes_after_all_of_them_is_not_polluted_by_them() -> None:
    with pytest.raises(rg.errors.NotPolluted, match="victim passes after all 100 suspects") as caught:
        find_polluter(Runs(lambda _: False), SUSPECTS, "victim")
    assert caught.value.suspects == 100
    with pytest.raises(rg.errors.NotPolluted):
        find_polluter(Runs(lambda _: False), [], "victim")
