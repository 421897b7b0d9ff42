"""Who is stopped and started with whom, and in which order."""

from __future__ import annotations

from tests.conformance.model import (
    Call,
    Cast,
    CountChildren,
    Monitor,
    Signal,
    Spawn,
    TerminateChild,
    WhichChildren,
)
from tests.conformance.scenarios._make import case, dyn, sup, tree, w

ALL = "one_for_all"
REST = "rest_for_one"

SCENARIOS = (
    case(
        "strategies/one_for_one_leaves_the_others_alone",
        tree(w("a"), w("b"), w("c")),
        Cast("b", "crash"),
        Signal("a", "kill"),
    ),
    case(
        "strategies/one_for_all_first_dies",
        tree(w("a"), w("b"), w("c"), strategy=ALL),
        Cast("a", "crash"),
        Call("c"),
    ),
    case(
        "strategies/one_for_all_last_is_killed",
        tree(w("a"), w("b"), w("c"), strategy=ALL),
        Signal("c", "kill"),
    ),
    case(
        "strategies/one_for_all_permanent_ends_normally",
        tree(w("a"), w("b"), strategy=ALL),
        Cast("b", "stop:normal"),
    ),
    case(
        "strategies/rest_for_one_first_dies", tree(w("a"), w("b"), w("c"), strategy=REST), Cast("a", "crash")
    ),
    case(
        "strategies/rest_for_one_middle_dies",
        tree(w("a"), w("b"), w("c"), w("d"), strategy=REST),
        Signal("b", "kill"),
    ),
    case(
        "strategies/rest_for_one_last_dies",
        tree(w("a"), w("b"), w("c"), strategy=REST),
        Cast("c", "stop:other:x"),
        Call("a"),
    ),
    case(
        "strategies/transient_good_end_moves_nobody",
        tree(w("a"), w("t", restart="transient"), w("c"), strategy=ALL),
        Cast("t", "stop:normal"),
        WhichChildren("root"),
    ),
    case(
        "strategies/temporary_end_moves_nobody",
        tree(w("a"), w("t", restart="temporary"), w("c"), strategy=REST),
        Cast("t", "crash"),
        WhichChildren("root"),
    ),
    case(
        "strategies/group_restart_drops_temporary_siblings",
        tree(w("a"), w("t", restart="temporary"), w("c"), strategy=ALL),
        Cast("c", "crash"),
        WhichChildren("root"),
        CountChildren("root"),
    ),
    case(
        "strategies/rest_for_one_drops_later_temporaries_and_keeps_earlier_ones",
        tree(w("t1", restart="temporary"), w("a"), w("t2", restart="temporary"), w("b"), strategy=REST),
        Cast("a", "crash"),
        WhichChildren("root"),
    ),
    case(
        "strategies/group_restart_brings_back_a_transient_that_had_ended_well",
        tree(w("a"), w("t", restart="transient"), w("c"), strategy=ALL),
        Cast("t", "stop:normal"),
        Cast("a", "crash"),
        WhichChildren("root"),
    ),
    case(
        "strategies/group_restart_brings_back_a_child_stopped_by_hand",
        tree(w("a"), w("b"), w("c"), strategy=ALL),
        TerminateChild("root", "b"),
        Cast("c", "crash"),
    ),
    case(
        "strategies/rest_for_one_brings_back_later_stopped_children_only",
        tree(w("a"), w("b"), w("c"), w("d"), strategy=REST),
        TerminateChild("root", "a"),
        TerminateChild("root", "d"),
        Cast("b", "crash"),
        WhichChildren("root"),
    ),
    case(
        "strategies/group_restart_takes_nested_supervisors_along",
        tree(w("a"), sup("s", w("x"), w("y")), w("c"), strategy=ALL),
        Cast("a", "crash"),
        Cast("x", "crash"),
    ),
    case(
        "strategies/rest_for_one_with_a_supervisor_after_the_dead",
        tree(w("a"), w("b"), sup("s", w("x"), w("y"), strategy=REST), strategy=REST),
        Cast("x", "crash"),
        Cast("b", "crash"),
    ),
    case(
        "strategies/group_restart_empties_a_dynamic_sibling",
        tree(w("a"), dyn("d"), strategy=ALL),
        Cast("a", "crash"),
        CountChildren("d"),
    ),
    case(
        "strategies/sibling_that_hangs_at_stop_is_killed_then_all_start",
        tree(w("a"), w("b", terminate="hang", shutdown=30), w("c"), strategy=ALL),
        Cast("c", "crash"),
        Call("b"),
    ),
    case(
        "strategies/sibling_with_brutal_kill_gets_no_terminate",
        tree(w("a", shutdown="brutal_kill"), w("b"), w("c"), strategy=ALL),
        Cast("c", "crash"),
    ),
    case(
        "strategies/sibling_that_crashes_in_terminate_does_not_stop_the_group",
        tree(w("a", terminate="crash"), w("b"), strategy=ALL),
        Cast("b", "crash"),
        WhichChildren("root"),
    ),
    case(
        "strategies/one_for_all_restart_fails_once_in_the_middle",
        tree(w("a"), w("b", init=("ok", "crash")), w("c"), strategy=ALL, max_restarts=5),
        Cast("a", "crash"),
        WhichChildren("root"),
    ),
    case(
        "strategies/one_for_all_restart_fails_twice_at_the_end",
        tree(w("a"), w("b"), w("c", init=("ok", "stop:other:no", "crash")), strategy=ALL, max_restarts=5),
        Signal("b", "kill"),
        WhichChildren("root"),
    ),
    case(
        "strategies/rest_for_one_restart_fails_after_the_first",
        tree(w("a"), w("b"), w("c", init=("ok", "crash", "crash")), w("d"), strategy=REST, max_restarts=5),
        Cast("a", "crash"),
        WhichChildren("root"),
    ),
    case(
        "strategies/rest_for_one_restart_fails_at_the_dead_one_itself",
        tree(w("a"), w("b", init=("ok", "crash")), w("c"), strategy=REST, max_restarts=5),
        Cast("b", "crash"),
    ),
    case(
        "strategies/one_for_one_restart_fails_then_works",
        tree(w("a", init=("ok", "crash", "stop:shutdown", "ok")), w("b"), max_restarts=5),
        Cast("a", "crash"),
        Call("a"),
    ),
    case(
        "strategies/restart_that_ignores_leaves_the_slot_empty",
        tree(w("a", init=("ok", "ignore")), w("b")),
        Cast("a", "crash"),
        WhichChildren("root"),
    ),
    case(
        "strategies/group_restart_with_one_that_ignores_now",
        tree(w("a"), w("b", init=("ok", "ignore", "ok")), w("c"), strategy=ALL, max_restarts=5),
        Cast("a", "crash"),
        WhichChildren("root"),
        Cast("a", "crash"),
    ),
    case(
        "strategies/observer_sees_siblings_go_with_shutdown",
        tree(w("a"), w("b"), w("c", shutdown="brutal_kill"), strategy=ALL),
        Spawn(id="o"),
        Monitor("o", "a", "ma"),
        Monitor("o", "b", "mb"),
        Monitor("o", "c", "mc"),
        Cast("b", "stop:other:why"),
    ),
    case(
        "strategies/strategies_of_two_levels_do_not_mix",
        tree(sup("s", w("x"), w("y"), w("z"), strategy=REST), w("b"), strategy=ALL),
        Cast("y", "crash"),
        Cast("b", "crash"),
        Cast("z", "crash"),
    ),
    case(
        "strategies/only_child_under_each_strategy",
        tree(sup("s1", w("a"), strategy=ALL), sup("s2", w("b"), strategy=REST), sup("s3", w("c"))),
        Cast("a", "crash"),
        Cast("b", "crash"),
        Cast("c", "crash"),
    ),
)
