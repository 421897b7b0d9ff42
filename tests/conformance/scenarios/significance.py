"""significant children and auto_shutdown."""

from __future__ import annotations

from typing import Any

from tests.conformance.model import (
    Atomically,
    Call,
    Cast,
    Monitor,
    Signal,
    Spawn,
    StartChild,
    TerminateChild,
    WhichChildren,
    Worker,
)
from tests.conformance.scenarios._make import case, sup, tree, w

ANY = "any_significant"
EVERY = "all_significant"


def t(id: str, **options: Any) -> Worker:
    """A significant transient worker."""
    return w(id, restart="transient", significant=True, **options)


SCENARIOS = (
    case(
        "significance/any_good_end_of_a_transient",
        tree(sup("s", t("a"), t("b"), w("c"), auto_shutdown=ANY)),
        Cast("a", "stop:normal"),
    ),
    case(
        "significance/any_crash_of_a_transient_is_a_restart",
        tree(sup("s", t("a"), w("c"), auto_shutdown=ANY)),
        Cast("a", "crash"),
        Call("c"),
        Cast("a", "stop:shutdown"),
    ),
    case(
        "significance/any_crash_of_a_temporary",
        tree(sup("s", w("a", restart="temporary", significant=True), w("c"), auto_shutdown=ANY), w("z")),
        Cast("a", "crash"),
    ),
    case(
        "significance/any_insignificant_end_changes_nothing",
        tree(sup("s", t("a"), w("b", restart="transient"), w("c", restart="temporary"), auto_shutdown=ANY)),
        Cast("b", "stop:normal"),
        Cast("c", "crash"),
        Call("a"),
    ),
    case(
        "significance/all_waits_for_the_last",
        tree(sup("s", t("a"), t("b"), w("c"), auto_shutdown=EVERY)),
        Cast("a", "stop:normal"),
        Call("b"),
        Cast("b", "stop:normal"),
    ),
    case(
        "significance/all_with_mixed_kinds",
        tree(sup("s", t("a"), w("b", restart="temporary", significant=True), w("c"), auto_shutdown=EVERY)),
        Cast("b", "crash"),
        Cast("a", "crash"),
        Cast("a", "stop:shutdown:done"),
    ),
    case(
        "significance/never_ignores_nothing_as_nothing_is_significant",
        tree(sup("s", w("a", restart="transient"), w("b", restart="transient"))),
        Cast("a", "stop:normal"),
        Cast("b", "stop:normal"),
        WhichChildren("s"),
    ),
    case(
        "significance/terminate_child_is_no_trigger",
        tree(sup("s", t("a"), w("c"), auto_shutdown=ANY)),
        TerminateChild("s", "a"),
        Call("c"),
    ),
    case(
        "significance/all_counts_children_stopped_by_hand_as_gone",
        tree(sup("s", t("a"), t("b"), w("c"), auto_shutdown=EVERY)),
        TerminateChild("s", "a"),
        Cast("b", "stop:normal"),
    ),
    case(
        "significance/permanent_parent_spec_restarts_the_shut_supervisor",
        tree(sup("s", t("a"), w("c"), auto_shutdown=ANY), w("z")),
        Cast("a", "stop:normal"),
        Call("a"),
    ),
    case(
        "significance/transient_supervisor_stays_down_after_auto_shutdown",
        tree(sup("s", t("a"), w("c"), auto_shutdown=ANY, restart="transient"), w("z")),
        Cast("a", "stop:normal"),
        WhichChildren("root"),
    ),
    case(
        "significance/temporary_supervisor_is_forgotten_after_auto_shutdown",
        tree(sup("s", t("a"), auto_shutdown=ANY, restart="temporary"), w("z")),
        Cast("a", "stop:normal"),
        WhichChildren("root"),
    ),
    case(
        "significance/root_shuts_down_by_itself",
        tree(t("a"), w("b"), w("c"), auto_shutdown=ANY),
        Spawn(id="o"),
        Monitor("o", "root"),
        Cast("a", "stop:normal"),
    ),
    case(
        "significance/supervisor_that_is_significant_itself",
        tree(
            sup("s", t("a"), auto_shutdown=ANY, restart="transient", significant=True),
            w("z"),
            auto_shutdown=ANY,
        ),
        Cast("a", "stop:normal"),
    ),
    case(
        "significance/supervisor_that_gives_up_is_significant",
        tree(
            sup("s", w("a"), max_restarts=0, restart="temporary", significant=True), w("z"), auto_shutdown=ANY
        ),
        Cast("a", "crash"),
    ),
    case(
        "significance/one_for_all_crash_restarts_the_significant",
        tree(sup("s", t("a"), w("b"), strategy="one_for_all", auto_shutdown=ANY)),
        Cast("b", "crash"),
        Call("a"),
        Cast("a", "stop:normal"),
    ),
    case(
        "significance/one_for_all_drops_a_significant_temporary",
        tree(
            sup(
                "s",
                w("a", restart="temporary", significant=True),
                w("b"),
                strategy="one_for_all",
                auto_shutdown=ANY,
            )
        ),
        Cast("b", "crash"),
        WhichChildren("s"),
    ),
    case(
        "significance/rest_for_one_with_a_significant_in_front",
        tree(sup("s", t("a"), w("b"), w("c"), strategy="rest_for_one", auto_shutdown=EVERY)),
        Cast("b", "crash"),
        Cast("a", "stop:normal"),
    ),
    case(
        "significance/killed_transient_is_a_restart",
        tree(sup("s", t("a"), auto_shutdown=EVERY)),
        Signal("a", "kill"),
        Call("a"),
    ),
    case(
        "significance/child_started_later_counts",
        tree(sup("s", t("a"), auto_shutdown=EVERY)),
        StartChild("s", t("b")),
        Cast("a", "stop:normal"),
        Call("b"),
        Cast("b", "stop:normal"),
    ),
    case(
        "significance/shutdown_order_and_hanging_sibling",
        tree(sup("s", w("x"), w("h", terminate="hang", shutdown=30), t("a"), w("y"), auto_shutdown=ANY)),
        Cast("a", "stop:normal"),
    ),
    case(
        "significance/two_ends_at_once_shut_down_once",
        tree(sup("s", t("a"), t("b"), w("c"), auto_shutdown=ANY, restart="transient"), w("z")),
        Atomically((Cast("a", "stop:normal"), Cast("b", "stop:normal"))),
    ),
    case(
        "significance/ignored_significant_child_never_ends",
        tree(sup("s", t("a", init=("ignore",)), t("b"), w("c"), auto_shutdown=EVERY)),
        Cast("b", "stop:normal"),
    ),
)
