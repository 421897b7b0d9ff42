"""Registered names: one holder, freed at death, and the races over them."""

from __future__ import annotations

from tests.conformance.model import Alive, Atomically, Call, Cast, Leave, Register, RestartChild, Send, Signal, Spawn, StartChild, TerminateChild, Unregister, Whereis, WhichChildren
from tests.conformance.scenarios._make import case, sup, tree, w


def o(id: str = "o", **options: object) -> Spawn:
    return Spawn(id=id, **options)


SCENARIOS = (
    case("naming/name_follows_restarts", tree(w("a", name="n")), Whereis("n"), Cast("@n", "crash"), Whereis("n"), Call("@n"), Call("a#1")),
    case("naming/free_after_a_good_end", tree(w("a", name="n", restart="transient")), Cast("a", "stop:normal"), Whereis("n"), Call("@n"), Cast("@n"), Send("@n", "x")),
    case("naming/observer_takes_a_freed_name", tree(w("a", name="n", restart="temporary")), Cast("a", "crash"), o(name="n"), Whereis("n"), Send("@n", "hello")),
    case("naming/spawn_with_a_taken_name", tree(w("a", name="n")), o(name="n"), Whereis("n"), Call("a")),
    case("naming/register_a_taken_name", tree(w("a", name="n")), o(), Register("o", "n"), Whereis("n"), Alive("o")),
    case("naming/register_after_death", tree(w("a", name="n", restart="temporary")), o(), Signal("a", "kill"), Register("o", "n"), Whereis("n"), Leave("o"), Whereis("n")),
    case("naming/unregister_frees_it_for_another", tree(w("a")), o(name="n"), o("p"), Unregister("o", "n"), Whereis("n"), Register("p", "n"), Whereis("n")),
    case("naming/unregister_a_name_nobody_has", tree(w("a")), o(), Unregister("o", "zz"), Whereis("zz"), Alive("o")),
    case(
        "naming/stranger_takes_the_name_while_the_child_is_down",
        tree(w("a", name="n"), w("b"), max_restarts=2),
        Atomically((Cast("a", "crash"), o(name="n"))),
        Whereis("n"),
        Alive("b"),
    ),
    case(
        "naming/restart_by_hand_with_a_taken_name",
        tree(w("a", name="n")),
        TerminateChild("root", "a"),
        o(name="n"),
        RestartChild("root", "a"),
        WhichChildren("root"),
        Leave("o"),
        RestartChild("root", "a"),
        Whereis("n"),
    ),
    case(
        "naming/start_child_with_a_strangers_name",
        tree(w("a")),
        o(name="n"),
        StartChild("root", w("b", name="n")),
        Leave("o", "crash"),
        StartChild("root", w("b", name="n")),
        Whereis("n"),
    ),
    case("naming/named_observer_hears_by_name_until_it_leaves", tree(w("a")), o(name="n"), Send("@n", "one"), Leave("o"), Send("@n", "two"), o("p", name="n"), Send("@n", "three")),
    case("naming/call_to_a_name_nobody_ever_had", tree(w("a")), Call("@zz"), Cast("@zz"), Send("@zz", "x")),
    case("naming/worker_calls_a_name_that_is_gone", tree(w("a"), w("b", name="n", restart="temporary")), Cast("a", "call:@n:ping"), Cast("b", "crash"), Cast("a", "call:@n:ping")),
    case("naming/group_restart_keeps_all_names", tree(w("a", name="na"), w("b", name="nb"), w("c", name="nc"), strategy="one_for_all"), Cast("b", "crash"), Whereis("na"), Call("@nc")),
    case("naming/name_of_a_killed_child_is_free_for_its_restart", tree(w("a", name="n", shutdown="brutal_kill"), max_restarts=5), Signal("a", "kill"), Signal("a", "kill"), Whereis("n")),
    case("naming/name_of_a_hanging_child_is_free_after_the_kill", tree(w("a", name="n", terminate="hang", shutdown=30)), TerminateChild("root", "a"), Whereis("n"), RestartChild("root", "a"), Whereis("n")),
    case("naming/name_is_held_during_terminate_and_gone_after", tree(w("a", name="n", terminate="crash")), Cast("a", "stop:normal"), Whereis("n"), TerminateChild("root", "a"), Whereis("n")),
    case("naming/failed_init_frees_the_name", tree(w("a")), StartChild("root", w("b", name="n", init=("crash",))), Whereis("n"), o(name="n"), Whereis("n")),
    case("naming/ignored_init_frees_the_name", tree(w("a", name="n", init=("ignore",)), w("b", name="n")), Whereis("n")),
    case("naming/named_supervisor", tree(sup("s", w("a"), name="boss", max_restarts=0), w("z")), Whereis("boss"), Cast("a", "crash"), Whereis("boss")),
    case("naming/children_in_two_supervisors_under_other_names", tree(sup("s", w("a", name="na")), sup("t", w("b", name="nb")), strategy="rest_for_one"), Cast("@na", "crash"), Cast("@nb", "stop:normal"), Whereis("na")),
    case("naming/plain_child_with_a_name", tree(w("a", name="n", plain=True, trap_exit=False)), Send("@n", "x"), Cast("@n", "crash"), Whereis("n"), Send("@n", "y")),
)
