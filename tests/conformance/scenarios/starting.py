"""Starts that fail, ignore, or were never valid."""

from __future__ import annotations

from tests.conformance.model import (
    Call,
    Cast,
    DeleteChild,
    RestartChild,
    StartChild,
    TerminateChild,
    Whereis,
    WhichChildren,
)
from tests.conformance.scenarios._make import case, dyn, sup, tree, w

SCENARIOS = (
    case("starting/in_order", tree(w("a"), w("b"), w("c"))),
    case(
        "starting/nested_in_depth_first_order",
        tree(w("a"), sup("s", w("x"), sup("t", w("y")), w("z")), dyn("d"), w("b")),
    ),
    case("starting/no_children_at_all", tree(), WhichChildren("root")),
    case(
        "starting/last_child_fails_and_the_others_are_undone",
        tree(w("a"), w("b"), w("c", init=("crash",))),
        WhichChildren("root"),
    ),
    case("starting/first_child_fails_and_nobody_else_starts", tree(w("a", init=("stop:other:no",)), w("b"))),
    case("starting/middle_child_stops_with_shutdown", tree(w("a"), w("b", init=("stop:shutdown",)), w("c"))),
    case("starting/child_stops_with_normal_in_init", tree(w("a"), w("b", init=("stop:normal",)), w("c"))),
    case(
        "starting/temporary_child_that_fails_fails_the_start_too",
        tree(w("a"), w("t", restart="temporary", init=("crash",))),
    ),
    case(
        "starting/undo_kills_who_hangs_and_who_is_to_be_killed",
        tree(
            w("a"),
            w("h", terminate="hang", shutdown=30),
            w("k", shutdown="brutal_kill"),
            w("c", init=("crash",)),
        ),
    ),
    case(
        "starting/failure_in_a_nested_supervisor_undoes_everything",
        tree(w("a"), sup("s", w("x"), w("y", init=("crash",))), w("b")),
    ),
    case(
        "starting/name_taken_by_a_sibling",
        tree(w("a", name="n"), w("b", name="n")),
        Whereis("n"),
    ),
    case(
        "starting/ignore_keeps_the_spec_and_no_process",
        tree(w("a"), w("i", init=("ignore",)), w("b")),
        WhichChildren("root"),
        RestartChild("root", "i"),
        Call("i"),
    ),
    case(
        "starting/ignore_of_a_temporary_child_keeps_nothing",
        tree(w("a"), w("i", init=("ignore",), restart="temporary")),
        WhichChildren("root"),
        RestartChild("root", "i"),
    ),
    case(
        "starting/ignored_child_can_be_deleted",
        tree(w("i", init=("ignore",))),
        TerminateChild("root", "i"),
        DeleteChild("root", "i"),
        WhichChildren("root"),
    ),
    case(
        "starting/ignored_child_takes_part_in_a_group_restart",
        tree(w("a"), w("i", init=("ignore",)), w("b"), strategy="one_for_all"),
        Cast("a", "crash"),
        Call("i"),
    ),
    case(
        "starting/continue_of_all_children_after_their_init",
        tree(w("a", init=("continue",)), w("b", init=("continue",))),
    ),
    case(
        "starting/first_continue_crash_does_not_fail_the_start",
        tree(w("a"), w("b", init=("continue_crash",)), w("c")),
        Call("b"),
    ),
    case(
        "starting/significant_child_needs_auto_shutdown", tree(w("a", significant=True, restart="transient"))
    ),
    case(
        "starting/significant_child_must_not_be_permanent",
        tree(w("a", significant=True), auto_shutdown="any_significant"),
    ),
    case("starting/duplicate_ids", tree(w("a"), w("a"))),
    case(
        "starting/start_child_with_a_supervisor_that_fails",
        tree(w("a")),
        StartChild("root", sup("s", w("x"), w("y", init=("crash",)))),
        WhichChildren("root"),
        StartChild("root", sup("s", w("x"), w("y"))),
        Cast("x", "crash"),
    ),
    case(
        "starting/nested_supervisor_fails_again_at_its_restart",
        tree(sup("s", w("x"), w("y", init=("ok", "crash", "ok")), max_restarts=0), w("b"), max_restarts=4),
        Cast("x", "crash"),
        Call("y"),
    ),
    case(
        "starting/nested_supervisor_can_never_start_again",
        tree(
            sup("s", w("x", init=("ok", "crash", "crash", "crash", "crash")), max_restarts=0),
            w("b"),
            max_restarts=2,
        ),
        Cast("x", "crash"),
    ),
)
