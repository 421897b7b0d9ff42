"""How many restarts are too many, what counts as one, and what happens then."""

from __future__ import annotations

from tests.conformance.model import (
    Atomically,
    Call,
    Cast,
    Monitor,
    RestartChild,
    Signal,
    Spawn,
    StartChild,
    StartDynamic,
    TerminateChild,
    Wait,
    WhichChildren,
)
from tests.conformance.scenarios._make import case, dyn, sup, tree, w

ALL = "one_for_all"
REST = "rest_for_one"


def crashes(target: str, times: int) -> tuple[Cast, ...]:
    return tuple(Cast(target, "crash") for _ in range(times))


SCENARIOS = (
    case(
        "budget/last_allowed_restart_is_allowed",
        tree(w("a"), w("b"), max_restarts=2),
        *crashes("a", 2),
        Call("a"),
    ),
    case(
        "budget/one_more_ends_the_supervisor",
        tree(w("a"), w("b"), max_restarts=2),
        *crashes("a", 3),
        Call("b"),
    ),
    case("budget/none_allowed", tree(w("a"), w("b"), w("c"), max_restarts=0), Cast("b", "crash")),
    case("budget/one_allowed", tree(w("a"), max_restarts=1), *crashes("a", 2)),
    case(
        "budget/all_children_draw_on_one_budget",
        tree(w("a"), w("b"), w("c"), max_restarts=2),
        Cast("a", "crash"),
        Cast("b", "crash"),
        Cast("c", "crash"),
    ),
    case(
        "budget/group_restart_counts_once",
        tree(w("a"), w("b"), w("c"), strategy=ALL, max_restarts=2),
        *crashes("a", 2),
        Call("c"),
        *crashes("b", 1),
    ),
    case(
        "budget/rest_for_one_group_counts_once",
        tree(w("a"), w("b"), w("c"), strategy=REST, max_restarts=1),
        Cast("a", "crash"),
        Call("c"),
        Cast("c", "crash"),
    ),
    case(
        "budget/each_failed_attempt_counts",
        tree(w("a", init=("ok", "crash", "crash")), max_restarts=3),
        Cast("a", "crash"),
        Call("a"),
        Cast("a", "crash"),
    ),
    case(
        "budget/failed_attempts_alone_can_end_it",
        tree(w("a", init=("ok", "crash", "crash", "crash", "crash", "crash")), w("b"), max_restarts=3),
        Cast("a", "crash"),
    ),
    case(
        "budget/failed_group_attempts_count",
        tree(w("a"), w("b", init=("ok", "crash", "crash", "crash", "crash")), strategy=ALL, max_restarts=2),
        Cast("a", "crash"),
    ),
    case(
        "budget/good_ends_do_not_count",
        tree(
            w("a", restart="transient"),
            w("b", restart="transient"),
            w("c", restart="temporary"),
            w("d"),
            max_restarts=1,
        ),
        Cast("a", "stop:normal"),
        Cast("b", "stop:shutdown"),
        Cast("c", "crash"),
        Cast("d", "crash"),
        Call("d"),
    ),
    case(
        "budget/normal_end_of_a_permanent_counts",
        tree(w("a"), max_restarts=1),
        Cast("a", "stop:normal"),
        Cast("a", "stop:normal"),
    ),
    case(
        "budget/management_does_not_count",
        tree(w("a"), max_restarts=1),
        TerminateChild("root", "a"),
        RestartChild("root", "a"),
        TerminateChild("root", "a"),
        RestartChild("root", "a"),
        StartChild("root", w("b")),
        Cast("b", "crash"),
        Call("b"),
    ),
    case(
        "budget/failed_restart_by_hand_does_not_count",
        tree(w("a", init=("ok", "crash", "crash", "ok")), max_restarts=0),
        TerminateChild("root", "a"),
        RestartChild("root", "a"),
        RestartChild("root", "a"),
        RestartChild("root", "a"),
    ),
    case(
        "budget/ended_supervisor_stops_children_in_reverse",
        tree(sup("s", w("a"), w("b"), w("c"), w("d"), max_restarts=0), w("z")),
        Cast("b", "crash"),
    ),
    case(
        "budget/parent_restarts_the_ended_supervisor_with_a_fresh_budget",
        tree(sup("s", w("a"), w("b"), max_restarts=1), max_restarts=5),
        *crashes("a", 2),
        *crashes("a", 1),
        Call("a"),
    ),
    case(
        "budget/escalation_up_three_levels",
        tree(sup("s1", sup("s2", w("a"), max_restarts=0), w("b"), max_restarts=0), w("c"), max_restarts=1),
        Cast("a", "crash"),
        Cast("a", "crash"),
    ),
    case(
        "budget/parent_budget_counts_its_own_restarts_only",
        tree(sup("s", w("a"), max_restarts=1), max_restarts=1),
        *crashes("a", 2),
        *crashes("a", 1),
        Call("a"),
        *crashes("a", 1),
    ),
    case(
        "budget/transient_supervisor_that_gave_up_stays_down",
        tree(sup("s", w("a"), max_restarts=0, restart="transient"), w("b")),
        Cast("a", "crash"),
        WhichChildren("root"),
    ),
    case(
        "budget/temporary_supervisor_that_gave_up_is_forgotten",
        tree(sup("s", w("a"), max_restarts=0, restart="temporary"), w("b")),
        Cast("a", "crash"),
        WhichChildren("root"),
    ),
    case(
        "budget/ended_supervisor_takes_its_group_along",
        tree(w("x"), sup("s", w("a"), max_restarts=0), w("y"), strategy=ALL),
        Cast("a", "crash"),
    ),
    case(
        "budget/rest_for_one_above_an_ended_supervisor",
        tree(w("x"), sup("s", w("a"), max_restarts=0), w("y"), strategy=REST),
        Cast("a", "crash"),
    ),
    case(
        "budget/root_gives_up_with_reason_shutdown",
        tree(w("a"), max_restarts=0),
        Spawn(id="o"),
        Monitor("o", "root"),
        Cast("a", "stop:other:last_straw"),
    ),
    case(
        "budget/giving_up_waits_for_a_hanging_child",
        tree(sup("s", w("h", terminate="hang", shutdown=30), w("a"), max_restarts=0), w("z")),
        Cast("a", "crash"),
        Call("h"),
    ),
    case(
        "budget/kills_count_like_crashes",
        tree(w("a"), w("b", shutdown="brutal_kill"), max_restarts=1),
        Signal("a", "kill"),
        Signal("b", "kill"),
    ),
    case(
        "budget/two_deaths_at_once_are_two_restarts",
        tree(sup("s", w("a"), w("b"), max_restarts=1), w("z")),
        Atomically((Cast("a", "crash"), Cast("b", "crash"))),
    ),
    case(
        "budget/two_deaths_at_once_in_a_group_are_one_restart",
        tree(sup("s", w("a"), w("b"), max_restarts=1, strategy=ALL), w("z")),
        Atomically((Cast("a", "crash"), Cast("b", "crash"))),
        Call("a"),
    ),
    case(
        "budget/dynamic_children_share_a_budget",
        tree(dyn("d", max_restarts=2), w("z")),
        StartDynamic("d", w("x")),
        StartDynamic("d", w("y")),
        Cast("x", "crash"),
        Cast("y", "crash"),
        Cast("x", "crash"),
    ),
    case(
        "budget/dynamic_failed_attempts_count",
        tree(dyn("d", max_restarts=2), w("z")),
        StartDynamic("d", w("x", init=("ok", "crash", "crash", "crash"))),
        Cast("x", "crash"),
    ),
    case(
        "budget/restarts_long_ago_are_forgotten",
        tree(w("a"), max_restarts=1, max_seconds=1),
        Cast("a", "crash"),
        Wait(2700),
        Cast("a", "crash"),
        Call("a"),
    ),
    case(
        "budget/window_slides_and_does_not_reset",
        tree(w("a"), max_restarts=2, max_seconds=4),
        Cast("a", "crash"),
        Wait(1000),
        Cast("a", "crash"),
        Cast("a", "crash"),
    ),
    case(
        "budget/child_that_ignores_at_restart_counts_once",
        tree(w("a", init=("ok", "ignore")), w("b"), max_restarts=1),
        Cast("a", "crash"),
        Cast("b", "crash"),
    ),
)
