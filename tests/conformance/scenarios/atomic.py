"""Several deaths before any supervisor can react."""

from __future__ import annotations

from tests.conformance.model import (
    Atomically,
    Call,
    Cast,
    ExitSignal,
    Leave,
    Link,
    Monitor,
    Send,
    Signal,
    Spawn,
    StartDynamic,
    Take,
    Tell,
    WhichChildren,
)
from tests.conformance.scenarios._make import case, dyn, sup, tree, w

ALL = "one_for_all"
REST = "rest_for_one"

SCENARIOS = (
    case(
        "atomic/two_of_one_for_one",
        tree(w("a"), w("b"), w("c")),
        Atomically((Cast("c", "crash"), Cast("a", "crash"))),
    ),
    case(
        "atomic/all_of_one_for_one_within_the_budget",
        tree(w("a"), w("b"), w("c")),
        Atomically((Signal("a", "kill"), Signal("b", "kill"), Signal("c", "kill"))),
    ),
    case(
        "atomic/two_of_one_for_all",
        tree(w("a"), w("b"), w("c"), strategy=ALL),
        Atomically((Cast("a", "crash"), Cast("c", "crash"))),
    ),
    case(
        "atomic/all_of_one_for_all",
        tree(w("a"), w("b"), strategy=ALL, max_restarts=1),
        Atomically((Cast("b", "crash"), Cast("a", "crash"))),
        Call("a"),
    ),
    case(
        "atomic/rest_for_one_early_then_late",
        tree(w("a"), w("b"), w("c"), w("d"), strategy=REST),
        Atomically((Cast("b", "crash"), Cast("d", "crash"))),
    ),
    case(
        "atomic/rest_for_one_late_then_early",
        tree(w("a"), w("b"), w("c"), w("d"), strategy=REST),
        Atomically((Cast("d", "crash"), Cast("b", "crash"))),
    ),
    case(
        "atomic/crash_and_good_end_of_a_transient",
        tree(w("a"), w("t", restart="transient"), strategy=ALL),
        Atomically((Cast("t", "stop:normal"), Cast("a", "crash"))),
        WhichChildren("root"),
    ),
    case(
        "atomic/crash_then_good_end_of_a_transient",
        tree(w("a"), w("t", restart="transient"), strategy=ALL),
        Atomically((Cast("a", "crash"), Cast("t", "stop:normal"))),
        WhichChildren("root"),
    ),
    case(
        "atomic/temporary_dies_beside_the_group",
        tree(w("a"), w("t", restart="temporary"), w("b"), strategy=REST),
        Atomically((Cast("t", "crash"), Cast("a", "crash"))),
        WhichChildren("root"),
    ),
    case(
        "atomic/budget_ends_between_two_deaths",
        tree(sup("s", w("a"), w("b"), w("c"), max_restarts=1), w("z")),
        Atomically((Cast("a", "crash"), Cast("b", "crash"), Cast("c", "crash"))),
    ),
    case(
        "atomic/same_death_seen_by_two_watchers",
        tree(w("a")),
        Spawn(id="o"),
        Spawn(id="p", trap_exit=True),
        Monitor("o", "a"),
        Link("p", "a"),
        Atomically((Cast("a", "stop:other:x"),)),
    ),
    case(
        "atomic/linked_siblings_and_one_cause",
        tree(w("a", trap_exit=False), w("b", trap_exit=False), w("c"), strategy=REST),
        Link("a", "b"),
        Atomically((Cast("b", "stop:other:x"),)),
    ),
    case(
        "atomic/observer_leaves_and_worker_follows",
        tree(w("a", trap_exit=False), w("b"), strategy=ALL),
        Spawn(id="o"),
        Link("a", "o"),
        Atomically((Leave("o", "crash"), Cast("b", "crash"))),
    ),
    case(
        "atomic/messages_to_the_dead_while_nobody_restarts_them",
        tree(w("a", name="n")),
        Atomically((Cast("a", "crash"), Cast("@n"), Send("@n", "lost"), Cast("a#1"))),
        Call("@n"),
    ),
    case(
        "atomic/dynamic_children_die_together",
        tree(dyn("d", max_restarts=2), w("z")),
        StartDynamic("d", w("x")),
        StartDynamic("d", w("y")),
        Atomically((Cast("x", "crash"), Cast("y", "crash"))),
        Call("y"),
    ),
    case(
        "atomic/dynamic_budget_ends_in_the_middle",
        tree(dyn("d", max_restarts=1), w("z")),
        StartDynamic("d", w("x")),
        StartDynamic("d", w("y")),
        Atomically((Cast("x", "crash"), Cast("y", "crash"))),
    ),
    case(
        "atomic/supervisor_and_child_of_another",
        tree(sup("s", w("a")), sup("t", w("b"))),
        Atomically((Signal("s", "kill"), Cast("b", "crash"))),
    ),
    case(
        "atomic/restart_that_fails_with_another_death_waiting",
        tree(w("a", init=("ok", "crash", "ok")), w("b"), max_restarts=4),
        Atomically((Cast("a", "crash"), Cast("b", "crash"))),
    ),
    case(
        "atomic/group_restart_that_fails_with_another_death_waiting",
        tree(w("a"), w("b", init=("ok", "crash", "ok")), w("c"), strategy=ALL, max_restarts=4),
        Atomically((Cast("c", "crash"), Cast("b", "crash"))),
    ),
    case(
        "atomic/rest_for_one_failing_late_with_an_early_death_waiting",
        tree(w("a"), w("b"), w("c", init=("ok", "crash", "ok", "ok")), strategy=REST, max_restarts=5),
        Atomically((Cast("c", "crash"), Cast("a", "crash"))),
    ),
    case(
        "atomic/tells_keep_their_order_around_a_death",
        tree(w("a"), w("b")),
        Spawn(id="o", mode="manual"),
        Monitor("o", "a"),
        Atomically((Tell("a", "o", "one"), Tell("b", "o", "other"), Cast("a", "crash"))),
        Take("o"),
    ),
    case(
        "atomic/exit_signals_from_a_process",
        tree(w("a", trap_exit=False), w("b", trap_exit=False), strategy=ALL),
        Spawn(id="o"),
        Atomically((ExitSignal("o", "a", "other:x"), ExitSignal("o", "b", "kill"))),
    ),
)
