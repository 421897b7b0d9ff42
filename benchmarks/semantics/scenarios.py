"""The scenarios: what each shows, and when a system passes."""

from __future__ import annotations

from typing import NamedTuple


class Scenario(NamedTuple):
    """`key` is the method of a peer's cases, and the name of Regrow's test after `test_`."""

    key: str
    title: str
    passes: str


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "callee_crash_fails_fast",
        "callee crashes during a call",
        "the caller, willing to wait 3 s, learns of it within 0.5 s",
    ),
    Scenario(
        "foreign_messages_survive_a_call",
        "a message arrives during a call",
        "the caller gets it after the call",
    ),
    Scenario(
        "call_timeout_covers_the_send",
        "call with a timeout of 0.1 s to a busy server, its mailbox full if it has a bound",
        "the caller has its timeout within 0.5 s",
    ),
    Scenario(
        "cast_never_blocks",
        "cast to a busy server, its mailbox full if it has a bound",
        "the cast is back, or refused, within 0.1 s",
    ),
    Scenario("monitor_refs_are_unique", "monitors made and taken back", "no reference comes twice"),
    Scenario(
        "one_crash_is_one_restart",
        "5 children, a budget of 3, one crash, for every strategy",
        "all 5 are up afterwards",
    ),
    Scenario(
        "restart_budget_exists",
        "a child that crashes 20 ms after each start, a budget of 3",
        "it is started 4 times, no more",
    ),
    Scenario(
        "budget_ends_the_subtree_alone",
        "the budget of a nested supervisor is used up",
        "its children end, what stands beside it goes on, the interpreter lives",
    ),
    Scenario(
        "temporary_child_stays_down",
        "a temporary child crashes",
        "it is not started again",
    ),
    Scenario("terminate_is_called", "a server is stopped", "its clean-up callback ran"),
    Scenario("killed_permanent_child_restarts", "a permanent child is killed", "it is started again"),
    Scenario(
        "demonitor_flushes",
        "demonitor after the DOWN has been queued",
        "the DOWN is not received",
    ),
    Scenario(
        "start_failure_is_loud",
        "the second child fails to start",
        "whoever starts the tree gets an error, and the first child is stopped",
    ),
    Scenario(
        "no_idle_wake_ups",
        "100 idle processes for 6 s",
        "no context switch at all",
    ),
    Scenario(
        "import_needs_no_extras",
        "import of the package and its first-level modules, as installed",
        "all import",
    ),
)
