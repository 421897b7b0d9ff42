"""Hypothesis draws inputs, seeds draw schedules: the strategies cover what there is, and reduce to little."""

from __future__ import annotations

from collections import Counter

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis.errors import NoSuchExample

import regrow as rg
import regrow.testing as rt
from regrow.core.specs import SupervisorSpec, check_child_spec
from regrow.testing import actions as acts
from regrow.testing import strategies as rts
from regrow.testing.sim.simulation import Simulation

QUICK = settings(
    max_examples=60,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
DRAWING = settings(QUICK, phases=(Phase.generate,))


class Till(rg.GenServer):
    """Counts money; breaks when it would owe some."""

    def init(self) -> None:
        self.money = 0

    @rg.call
    def put(self, amount: int) -> int:
        if self.money + amount < 0:
            raise ValueError(amount)
        self.money += amount
        return self.money

    @rg.cast
    def empty(self) -> None:
        self.money = 0


MESSAGES = {
    Till: st.one_of(st.builds(Till.put, st.integers(-5, 5)), st.builds(Till.empty)),
}


def spec_of(tree: rg.ChildSpec) -> SupervisorSpec:
    spec = tree.args[0]
    assert isinstance(spec, SupervisorSpec)
    return spec


def test_child_specs_cover_restarts_and_shutdowns() -> None:
    seen: set[tuple[str, object]] = set()

    @DRAWING
    @given(rts.child_specs(Till, name="till"))
    def draw(spec: rg.ChildSpec) -> None:
        check_child_spec(spec)
        assert (spec.id, spec.name) == ("till", "till")
        seen.add((spec.restart, spec.shutdown))

    draw()
    assert seen == {
        (r, s) for r in ("permanent", "transient", "temporary") for s in (None, 0.1, "brutal_kill")
    }


def test_trees_cover_strategies_depths_and_significance() -> None:
    seen: Counter[object] = Counter()

    @DRAWING
    @given(rts.trees(Till))
    def draw(tree: rg.ChildSpec) -> None:
        placed = list(rts.placed_in(tree))
        names = [one.spec.name for one in placed]
        assert len(set(names)) == len(names)
        assert placed[0] == (tree, None)
        for spec, _ in placed:
            seen["significant"] += spec.significant
            if spec.target is not Till:
                seen.update({spec_of(spec).flags.strategy, spec_of(spec).flags.auto_shutdown})
        seen["deep"] += any(spec.target is not Till and above is not None for spec, above in placed)
        seen["wide"] += len(spec_of(tree).children) == 4

    draw()
    assert seen.keys() == {
        *("one_for_one", "one_for_all", "rest_for_one", "never", "any_significant", "all_significant"),
        *("significant", "deep", "wide"),
    }
    assert all(seen.values())


def test_a_tree_is_reduced_to_one_plain_child() -> None:
    tree = find(rts.trees(Till), lambda tree: True, settings=QUICK)
    (only,) = spec_of(tree).children
    assert (tree.name, only.name, only.restart, only.shutdown) == ("s1", "w1", "permanent", None)
    assert spec_of(tree).flags.strategy == "one_for_one"
    assert spec_of(tree).flags.max_restarts == 0


def test_trees_stay_within_what_they_were_told() -> None:
    narrow = rts.trees(Till, max_depth=1, max_children=1, max_restarts=0, strategies=["rest_for_one"])
    with pytest.raises(NoSuchExample):
        find(
            narrow,
            lambda tree: (
                len(list(rts.placed_in(tree))) != 2
                or spec_of(tree).flags.strategy != "rest_for_one"
                or spec_of(tree).flags.max_restarts != 0
            ),
            settings=QUICK,
        )


def test_arguments_are_drawn_for_their_target() -> None:
    class Opened(Till):
        def init(self, money: int = 0) -> None:
            self.money = money

    trees = rts.trees(Till, Opened, args={Opened: st.tuples(st.integers(1, 9))})
    tree = find(
        trees, lambda tree: any(one.spec.target is Opened for one in rts.placed_in(tree)), settings=QUICK
    )
    specs = [spec for spec, _ in rts.placed_in(tree) if spec.target is Opened]
    assert [spec.args for spec in specs] == [(1,)]


@st.composite
def played(draw: st.DrawFn) -> tuple[rg.ChildSpec, list[acts.Action]]:
    tree = draw(rts.trees(Till))
    return tree, draw(rts.actions(tree, MESSAGES))


def test_actions_cover_all_kinds() -> None:
    seen: set[type] = set()

    @DRAWING
    @given(played())
    def draw(drawn: tuple[rg.ChildSpec, list[acts.Action]]) -> None:
        seen.update(type(action) for action in drawn[1])

    draw()
    assert seen == {getattr(acts, name) for name in acts.__all__} - {acts.Action}


def test_no_schedule_of_drawn_inputs_breaks_a_system() -> None:
    results: Counter[str] = Counter()

    @settings(QUICK, max_examples=40)
    @given(played())
    def draw(drawn: tuple[rg.ChildSpec, list[acts.Action]]) -> None:
        tree, actions = drawn

        async def body(sim: Simulation) -> None:
            async with rg.System([tree], max_restarts=1000) as system:
                for action in actions:
                    result = await action.perform(system)
                    results[type(result).__name__] += 1

        report = rt.explore(body, seeds=3)
        assert not report.failures

    draw()
    assert {"NoProcess", "NoneType", "Pid", "int"} - {"Pid"} <= results.keys()


def test_a_failing_input_is_reduced_to_the_actions_that_matter() -> None:
    def breaks(drawn: tuple[rg.ChildSpec, list[acts.Action]]) -> bool:
        tree, actions = drawn

        async def body(sim: Simulation) -> None:
            async with rg.System([tree], max_restarts=1000) as system:
                for action in actions:
                    result = await action.perform(system)
                    # The planted error: as if a till couldn't break.
                    assert not isinstance(result, rg.errors.ProcessExited)

        return bool(rt.explore(body, seeds=1).failures)

    tree, actions = find(played(), breaks, settings=QUICK)
    assert [spec.name for spec, _ in rts.placed_in(tree)] == ["s1", "w1"]
    assert actions == [acts.Call("w1", Till.put(-1))]


def test_a_message_of_a_class_that_is_not_asked_is_not_drawn() -> None:
    tree = find(rts.trees(Till), lambda tree: True, settings=QUICK)
    with pytest.raises(NoSuchExample):
        find(
            rts.actions(tree, {}),
            lambda actions: any(isinstance(action, acts.Call | acts.Cast) for action in actions),
            settings=QUICK,
        )
