"""Plain processes: selective receive, order, timers."""

from __future__ import annotations

from tests.conformance.model import Alive, CancelTimer, Cast, Leave, Link, Monitor, Send, SendAfter, Signal, Spawn, Take, Tell, Wait, Demonitor, Call
from tests.conformance.scenarios._make import case, tree, w


def o(id: str = "o", **options: object) -> Spawn:
    return Spawn(id=id, **options)


SCENARIOS = (
    case("receiving/eager_takes_in_order", tree(w("a")), o(), Send("o", "one"), Send("o", "two"), Tell("a", "o", "three")),
    case("receiving/selective_takes_the_match_and_leaves_the_rest", tree(w("a")), o(mode="manual"), Send("o", "one"), Send("o", "two"), Send("o", "three"), Take("o", "two"), Take("o")),
    case("receiving/selective_waits_for_what_is_not_there_yet", tree(w("a")), o(mode="manual"), Take("o", "two"), Send("o", "one"), Send("o", "two"), Take("o")),
    case("receiving/selective_takes_the_first_of_equals", tree(w("a")), o(mode="manual"), Tell("a", "o", "x"), Send("o", "x"), Take("o", "x"), Take("o", "x")),
    case("receiving/down_is_found_behind_messages", tree(w("a")), o(mode="manual"), Monitor("o", "a"), Send("o", "one"), Cast("a", "crash"), Send("o", "two"), Take("o", "DOWN"), Take("o")),
    case("receiving/exit_is_found_behind_messages", tree(w("a")), o(mode="manual", trap_exit=True), Link("o", "a"), Send("o", "one"), Cast("a", "crash"), Take("o", "EXIT"), Take("o")),
    case("receiving/waits_for_a_down_that_comes_later", tree(w("a")), o(mode="manual"), Monitor("o", "a"), Take("o", "DOWN"), Send("o", "noise"), Cast("a", "stop:other:x"), Take("o")),
    case("receiving/dies_while_it_waits", tree(w("a")), o(mode="manual"), o("p"), Monitor("p", "o"), Take("o", "never"), Send("o", "noise"), Signal("o", "other:x")),
    case("receiving/linked_death_while_it_waits", tree(w("a")), o(mode="manual"), Link("o", "a"), Take("o", "never"), Cast("a", "crash"), Alive("o")),
    case("receiving/nothing_there", tree(w("a")), o(mode="manual"), Take("o"), Send("o", "one"), Take("o"), Take("o")),
    case("receiving/unread_messages_die_with_the_process", tree(w("a")), o(mode="manual", name="n"), Send("o", "one"), Leave("o"), o("p", mode="manual", name="n"), Take("p"), Send("@n", "two"), Take("p")),
    case("receiving/two_senders_each_in_order", tree(w("a"), w("b")), o(mode="manual"), Tell("a", "o", "a1"), Tell("b", "o", "b1"), Tell("a", "o", "a2"), Tell("b", "o", "b2"), Take("o", "b2"), Take("o")),
    case("receiving/demonitor_flush_behind_messages", tree(w("a")), o(mode="manual"), Send("o", "one"), Monitor("o", "a"), Cast("a", "crash"), Send("o", "two"), Demonitor("o"), Take("o")),
    case("receiving/timer_fires_once", tree(w("a")), o(), SendAfter("o", "o", "tick", 20), Wait(60), Wait(40)),
    case("receiving/timer_to_another_process", tree(w("a")), o(), SendAfter("o", "a", "tick", 20), Wait(60), Call("a")),
    case("receiving/timer_cancelled_in_time", tree(w("a")), o(), SendAfter("o", "o", "tick", 5000), CancelTimer("o"), Wait(20)),
    case("receiving/timer_cancelled_too_late_says_so", tree(w("a")), o(), SendAfter("o", "o", "tick", 10), Wait(60), CancelTimer("o")),
    case("receiving/timer_cancelled_twice", tree(w("a")), o(), SendAfter("o", "o", "tick", 5000), CancelTimer("o"), CancelTimer("o")),
    case("receiving/timer_to_a_pid_that_died", tree(w("a")), o(), SendAfter("o", "a", "tick", 30), Cast("a", "crash"), Wait(80), Alive("a")),
    case("receiving/timer_to_a_name_finds_the_next_holder", tree(w("a", name="n")), o(), SendAfter("o", "@n", "tick", 150), Cast("a", "crash"), Wait(300)),
    case("receiving/timer_to_a_name_that_nobody_has", tree(w("a")), o(), SendAfter("o", "@zz", "tick", 10), Wait(50), Alive("o")),
    case("receiving/timers_fire_in_the_order_of_their_times", tree(w("a")), o(), SendAfter("o", "o", "late", 240, "t1"), SendAfter("o", "o", "early", 120, "t2"), Wait(400)),
)
