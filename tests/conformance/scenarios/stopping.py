"""The tree goes down: order, patience, and who is told what."""

from __future__ import annotations

from tests.conformance.model import (
    Alive,
    Call,
    Cast,
    Monitor,
    Shutdown,
    Signal,
    Spawn,
    StartChild,
    StartDynamic,
    TerminateChild,
)
from tests.conformance.scenarios._make import case, dyn, sup, tree, w

SCENARIOS = (
    case("stopping/reverse_order", tree(w("a"), w("b"), w("c")), Shutdown(), Alive("root")),
    case(
        "stopping/nested_whole_subtree_at_its_place",
        tree(w("a"), sup("s", w("x"), w("y"), sup("t", w("z"))), w("b")),
        Shutdown(),
    ),
    case(
        "stopping/hanging_child_is_killed_and_the_rest_goes_on",
        tree(w("a"), w("h", terminate="hang", shutdown=30), w("b")),
        Shutdown(),
    ),
    case(
        "stopping/hanging_child_deep_down",
        tree(w("a"), sup("s", sup("t", w("h", terminate="hang", shutdown=30), w("y")))),
        Shutdown(),
    ),
    case(
        "stopping/two_hang_one_after_the_other",
        tree(w("g", terminate="hang", shutdown=30), w("h", terminate="hang", shutdown=30)),
        Shutdown(),
    ),
    case(
        "stopping/brutal_kill_among_others", tree(w("a"), w("k", shutdown="brutal_kill"), w("b")), Shutdown()
    ),
    case(
        "stopping/hanging_child_that_does_not_trap_does_not_hang",
        tree(w("a", trap_exit=False, terminate="hang", shutdown="brutal_kill"), w("b")),
        Shutdown(),
    ),
    case(
        "stopping/crash_in_terminate_does_not_stop_the_stop",
        tree(w("a"), w("b", terminate="crash"), w("c")),
        Shutdown(),
    ),
    case(
        "stopping/transient_and_temporary_children_get_shutdown_too",
        tree(w("a", restart="transient"), w("b", restart="temporary"), w("c")),
        Shutdown(),
    ),
    case(
        "stopping/already_stopped_children_are_passed_over",
        tree(w("a"), w("b"), w("c", restart="transient")),
        TerminateChild("root", "a"),
        Cast("c", "stop:normal"),
        Shutdown(),
    ),
    case(
        "stopping/children_added_later_go_first",
        tree(w("a"), w("b")),
        StartChild("root", w("c")),
        Cast("a", "crash"),
        Shutdown(),
    ),
    case(
        "stopping/restart_does_not_change_the_order",
        tree(w("a"), w("b"), w("c")),
        Cast("a", "crash"),
        Cast("c", "crash"),
        Shutdown(),
    ),
    case("stopping/twice_is_once", tree(w("a")), Shutdown(), Shutdown(), Call("a")),
    case(
        "stopping/observers_hear_it_in_the_reasons",
        tree(w("a"), w("k", shutdown="brutal_kill"), w("n", trap_exit=False)),
        Spawn(id="o"),
        Monitor("o", "a", "ma"),
        Monitor("o", "k", "mk"),
        Monitor("o", "n", "mn"),
        Monitor("o", "root", "mr"),
        Shutdown(),
    ),
    case(
        "stopping/killed_supervisor_is_restarted_with_new_children",
        tree(sup("s", w("a"), w("b")), w("z")),
        Signal("s", "kill"),
        Call("a"),
        Shutdown(),
    ),
    case(
        "stopping/killed_supervisor_in_a_group",
        tree(w("x"), sup("s", w("a")), w("y"), strategy="one_for_all"),
        Signal("s", "kill"),
        Call("y"),
    ),
    case(
        "stopping/killed_temporary_supervisor_takes_children_for_good",
        tree(sup("s", w("a"), sup("t", w("b")), restart="temporary"), w("z")),
        Signal("s", "kill"),
        Alive("b"),
        Alive("z"),
    ),
    case(
        "stopping/children_of_the_killed_hear_killed",
        tree(sup("s", w("a"), w("n", trap_exit=False), restart="temporary")),
        Spawn(id="o"),
        Monitor("o", "a", "ma"),
        Monitor("o", "n", "mn"),
        Signal("s", "kill"),
    ),
    case(
        "stopping/plain_children_by_their_own_manners",
        tree(
            w("p", plain=True),
            w("q", plain=True, trap_exit=False),
            w("h", plain=True, terminate="hang", shutdown=30),
        ),
        Shutdown(),
    ),
    case(
        "stopping/empty_dynamic_and_full_one",
        tree(dyn("d"), dyn("e"), w("a")),
        StartDynamic("e", w("x")),
        Shutdown(),
    ),
    case(
        "stopping/everything_mixed",
        tree(
            w("a"),
            dyn("d", child_shutdown="brutal_kill"),
            sup(
                "s",
                w("x", shutdown="brutal_kill"),
                w("h", terminate="hang", shutdown=30),
                w("c", terminate="crash"),
            ),
            w("n", trap_exit=False),
            strategy="rest_for_one",
        ),
        StartDynamic("d", w("y")),
        Cast("x", "crash"),
        Shutdown(),
    ),
    case(
        "stopping/terminated_supervisor_stops_its_own_in_reverse",
        tree(sup("s", w("a"), w("b"), w("c")), w("z")),
        TerminateChild("root", "s"),
        Alive("z"),
    ),
)
