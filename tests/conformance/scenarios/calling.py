"""Calls: what the caller gets when the callee answers, dies, stops, or isn't there."""

from __future__ import annotations

from tests.conformance.model import Alive, Call, Cast, Link, Monitor, Send, Shutdown, Signal, Spawn, Tell, TerminateChild
from tests.conformance.scenarios._make import case, sup, tree, w

SCENARIOS = (
    case("calling/reply", tree(w("a")), Call("a"), Call("a#1")),
    case("calling/callee_crashes_while_the_caller_waits", tree(w("a")), Call("a", "crash"), Call("a")),
    case("calling/callee_is_killed_while_the_caller_waits", tree(w("a")), Call("a", "defer"), Signal("a", "kill")),
    case("calling/stop_with_a_reply_first_replies", tree(w("a", restart="transient")), Call("a", "stop:normal"), Call("a")),
    case("calling/stop_with_a_reply_and_a_bad_reason", tree(w("a")), Call("a", "stop:other:x"), Call("a")),
    case("calling/stop_with_a_reply_and_a_crash_in_terminate", tree(w("a", terminate="crash")), Call("a", "stop:normal")),
    case("calling/stop_without_a_reply_normal", tree(w("a")), Call("a", "stop_noreply:normal")),
    case("calling/stop_without_a_reply_shutdown", tree(w("a", restart="transient")), Call("a", "stop_noreply:shutdown"), Call("a", "stop_noreply:shutdown")),
    case("calling/stop_without_a_reply_detail_and_other", tree(w("a")), Call("a", "stop_noreply:shutdown:x"), Call("a", "stop_noreply:other:y")),
    case("calling/stop_without_a_reply_and_a_crash_in_terminate", tree(w("a", terminate="crash")), Call("a", "stop_noreply:normal")),
    case("calling/dead_pid_and_dead_name", tree(w("a", name="n", restart="temporary")), Cast("a", "crash"), Call("a#1"), Call("@n")),
    case("calling/reply_later", tree(w("a")), Call("a", "defer"), Call("a"), Cast("a", "reply")),
    case("calling/several_wait_and_all_are_answered", tree(w("a")), Call("a", "defer"), Call("a", "defer"), Call("a", "defer"), Cast("a", "reply")),
    case("calling/several_wait_and_all_learn_of_the_crash", tree(w("a")), Call("a", "defer"), Call("a", "defer"), Cast("a", "crash")),
    case("calling/several_wait_and_the_callee_stops_normally", tree(w("a")), Call("a", "defer"), Call("a", "defer"), Cast("a", "stop:normal")),
    case("calling/callee_is_shut_down_by_its_supervisor", tree(w("a"), w("b")), Call("a", "defer"), TerminateChild("root", "a")),
    case("calling/callee_goes_with_its_group", tree(w("a"), w("b"), strategy="one_for_all"), Call("a", "defer"), Cast("b", "crash"), Call("a")),
    case("calling/callee_hangs_in_terminate_and_is_killed", tree(w("a", terminate="hang", shutdown=30)), Call("a", "defer"), TerminateChild("root", "a")),
    case("calling/waiting_over_the_shutdown_of_the_tree", tree(w("a"), sup("s", w("b"))), Call("a", "defer"), Call("b", "defer"), Shutdown()),
    case("calling/callee_goes_down_by_a_signal", tree(w("a", trap_exit=False)), Call("a", "defer"), Signal("a", "other:x")),
    case("calling/worker_calls_worker", tree(w("a"), w("b")), Cast("a", "call:b:ping"), Cast("b", "call:a:ping")),
    case("calling/worker_whose_callee_crashes_crashes_too", tree(w("a"), w("b")), Cast("a", "call:b:crash"), Cast("a", "call:b:ping")),
    case("calling/worker_whose_callee_stops_normally", tree(w("a"), w("b")), Cast("a", "call:b:stop_noreply:normal"), Cast("a", "call:b:ping")),
    case("calling/worker_that_calls_the_dead", tree(w("a"), w("b")), Cast("b", "crash"), Cast("a", "call:b#1:ping"), Cast("a", "call:b:ping")),
    case("calling/worker_that_waits_is_answered_later", tree(w("a"), w("b")), Cast("a", "call:b:defer"), Cast("a"), Cast("b", "reply")),
    case("calling/foreign_messages_survive_a_call", tree(w("a"), w("b")), Cast("a", "call:b:defer"), Send("a", "one"), Cast("a"), Send("a", "two"), Cast("b", "reply")),
    case("calling/worker_killed_while_it_waits", tree(w("a"), w("b")), Cast("a", "call:b:defer"), Signal("a", "kill"), Cast("b", "reply"), Call("a")),
    case("calling/chain_of_calls_breaks_at_its_end", tree(w("a"), w("b"), w("c")), Cast("a", "call:b:defer"), Cast("c", "call:a:defer"), Signal("b", "kill")),
    case("calling/reply_then_messages_keep_their_order", tree(w("a")), Spawn(id="o"), Tell("a", "o", "one"), Call("a"), Tell("a", "o", "two"), Cast("a", "crash")),
    case("calling/watched_callee_both_down_and_exit_of_the_call", tree(w("a")), Spawn(id="o", trap_exit=True), Monitor("o", "a"), Link("o", "a"), Call("a", "crash"), Alive("o")),
)
