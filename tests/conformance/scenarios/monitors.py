"""Monitors: exactly one DOWN each, and how to take it back."""

from __future__ import annotations

from tests.conformance.model import Atomically, Call, Cast, Demonitor, Leave, Link, Monitor, Shutdown, Signal, Spawn, Take, Tell, TerminateChild, Unlink, Alive
from tests.conformance.scenarios._make import case, dyn, sup, tree, w


def o(id: str = "o", **options: object) -> Spawn:
    return Spawn(id=id, **options)


SCENARIOS = (
    case(
        "monitors/down_with_every_reason",
        tree(w("a"), max_restarts=9),
        o(),
        *(step for reason in ("normal", "shutdown", "shutdown:x", "other:y") for step in (Monitor("o", "a"), Cast("a", f"stop:{reason}"))),
        Monitor("o", "a"),
        Cast("a", "crash"),
        Monitor("o", "a"),
        Signal("a", "kill"),
    ),
    case("monitors/one_down_only_though_it_dies_again", tree(w("a")), o(), Monitor("o", "a"), Cast("a", "crash"), Cast("a", "crash")),
    case("monitors/two_on_one_target_are_two_downs", tree(w("a")), o(), Monitor("o", "a", "m1"), Monitor("o", "a", "m2"), Cast("a", "crash")),
    case("monitors/one_of_two_taken_back", tree(w("a")), o(), Monitor("o", "a", "m1"), Monitor("o", "a", "m2"), Demonitor("o", "m1"), Cast("a", "crash")),
    case("monitors/the_dead_is_down_at_once_with_noproc", tree(w("a")), o(), Cast("a", "crash"), Monitor("o", "a#1"), Alive("o")),
    case("monitors/by_name", tree(w("a", name="n")), o(), Monitor("o", "@n"), Cast("a", "crash"), Monitor("o", "@n"), Cast("a", "stop:normal")),
    case("monitors/by_a_name_that_nobody_has", tree(w("a")), o(), Monitor("o", "@nobody")),
    case("monitors/by_name_stays_with_the_process", tree(w("a", name="n")), o(), Monitor("o", "@n", "m1"), Signal("a", "kill"), Monitor("o", "@n", "m2"), Cast("@n", "stop:normal")),
    case("monitors/taken_back_in_time", tree(w("a")), o(), Monitor("o", "a"), Demonitor("o"), Cast("a", "crash")),
    case("monitors/taken_back_twice", tree(w("a")), o(), Monitor("o", "a"), Demonitor("o"), Demonitor("o"), Cast("a", "crash")),
    case(
        "monitors/queued_down_is_flushed",
        tree(w("a"), w("b")),
        o(mode="manual"),
        Monitor("o", "a", "ma"),
        Monitor("o", "b", "mb"),
        Cast("a", "crash"),
        Cast("b", "crash"),
        Demonitor("o", "ma"),
        Take("o"),
    ),
    case("monitors/down_already_taken_then_demonitor", tree(w("a")), o(), Monitor("o", "a"), Cast("a", "crash"), Demonitor("o"), Alive("o")),
    case("monitors/flush_takes_only_its_own_down", tree(w("a")), o(mode="manual"), Monitor("o", "a", "m1"), Monitor("o", "a", "m2"), Cast("a", "crash"), Demonitor("o", "m2"), Take("o")),
    case("monitors/watcher_dies_first", tree(w("a")), o(), Monitor("o", "a"), Leave("o", "crash"), Cast("a", "crash"), Call("a")),
    case("monitors/death_of_the_target_does_not_hurt", tree(w("a")), o(), Monitor("o", "a"), Signal("a", "kill"), Alive("o")),
    case("monitors/one_way_only", tree(w("a")), o(), Monitor("o", "a"), Leave("o", "other:x"), Alive("a#1")),
    case("monitors/worker_watches_its_sibling", tree(w("a"), w("b")), Monitor("a", "b"), Cast("b", "crash"), Cast("b", "crash")),
    case("monitors/workers_watch_each_other", tree(w("a"), w("b")), Monitor("a", "b"), Monitor("b", "a"), Cast("b", "stop:other:x"), Cast("a", "crash")),
    case("monitors/worker_forgets_its_monitors_at_restart", tree(w("a"), w("b")), Monitor("a", "b"), Cast("a", "crash"), Cast("b", "crash")),
    case("monitors/of_a_supervisor", tree(sup("s", w("a"), max_restarts=0), w("z")), o(), Monitor("o", "s", "m1"), Cast("a", "crash"), Monitor("o", "s", "m2"), Signal("s", "kill")),
    case("monitors/of_an_observer_by_a_worker", tree(w("a")), o(), Monitor("a", "o"), Leave("o", "shutdown:x")),
    case("monitors/with_a_link_exit_comes_before_down", tree(w("a")), o(trap_exit=True), Monitor("o", "a"), Link("o", "a"), Cast("a", "crash")),
    case("monitors/with_a_link_and_no_trapping_there_is_no_time_for_down", tree(w("a")), o(), Link("o", "a"), Monitor("o", "a"), Cast("a", "crash"), Alive("o")),
    case("monitors/unlinked_but_still_watching", tree(w("a")), o(), Link("o", "a"), Monitor("o", "a"), Unlink("o", "a"), Cast("a", "crash"), Alive("o")),
    case("monitors/messages_before_death_come_before_down", tree(w("a")), o(), Monitor("o", "a"), Tell("a", "o", "one"), Tell("a", "o", "two"), Cast("a", "crash")),
    case("monitors/all_watchers_hear_it", tree(w("a")), o("p"), o("q"), o("r"), Monitor("p", "a"), Monitor("q", "a"), Monitor("r", "a"), Cast("a", "crash")),
    case("monitors/down_at_shutdown_of_the_tree", tree(w("a"), sup("s", w("b", shutdown="brutal_kill")), dyn("d")), o(), Monitor("o", "a", "ma"), Monitor("o", "b", "mb"), Monitor("o", "s", "ms"), Monitor("o", "d", "md"), Shutdown()),
    case("monitors/down_of_a_child_terminated_by_hand", tree(w("a"), w("h", terminate="hang", shutdown=30)), o(), Monitor("o", "a", "ma"), Monitor("o", "h", "mh"), TerminateChild("root", "a"), TerminateChild("root", "h")),
    case("monitors/down_before_the_suspended_supervisor_reacts", tree(w("a")), o(), Monitor("o", "a"), Atomically((Cast("a", "crash"), Cast("a#1", "ping"))), Call("a")),
    case("monitors/reason_of_a_crash_in_terminate", tree(w("a", terminate="crash")), o(), Monitor("o", "a"), Cast("a", "stop:shutdown")),
    case("monitors/of_a_child_whose_continue_crashes", tree(w("a", init=("ok", "continue_crash"))), o(), Monitor("o", "a"), Cast("a", "stop:other:x"), Monitor("o", "a"), Cast("a", "stop:normal")),
    case("monitors/oneself", tree(w("a")), o(), Monitor("o", "o"), Alive("o"), Leave("o", "crash")),
)
