"""The differences on purpose, each as a small scenario that shows both sides.

``otp`` and ``regrow`` are what happens, in the words that the two scenarios print: the one in
``erl/oracle_differences.erl``, the other in ``differences_regrow.py``, each under the entry's ``id``.
"""

from __future__ import annotations

import msgspec


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One difference.

    Attributes:
        id: Names the scenario on both sides.
        title: The heading in the documentation.
        does: What the scenario does.
        otp: What it prints on Erlang/OTP.
        regrow: What it prints on Regrow.
    """

    id: str
    title: str
    does: str
    otp: str
    regrow: str


LISTED: tuple[Listed, ...] = (
    Listed(
        id="expired_requests",
        title="Expired requests are dropped",
        does="a caller gives up while the server is busy; then the server comes to its request",
        otp="timeout, then handled",
        regrow="timeout, then not handled",
    ),
    Listed(
        id="call_cycles",
        title="Call cycles are errors",
        does="a calls b, and b, handling that, calls a",
        otp="b learns: timeout",
        regrow="b learns: CallCycle",
    ),
    Listed(
        id="unknown_calls",
        title="An unknown call is answered",
        does="a call that the server has no handler for",
        otp="caller exits, server died",
        regrow="caller gets UnknownCall, server lives",
    ),
    Listed(
        id="bounded_mailboxes",
        title="Mailboxes are bounded",
        does="10,001 messages to a process that takes none",
        otp="10001 queued",
        regrow="10000 queued, then MailboxFull",
    ),
    Listed(
        id="start_timeout",
        title="Starts have a timeout",
        does="start_child of a child whose init hangs, with a start timeout of 50 ms; look after 150 ms",
        otp="still waiting",
        regrow="StartTimeout, nothing left running",
    ),
    Listed(
        id="back_off",
        title="Restarts can back off",
        does="a child crashes under a supervisor with a back-off of one second (Regrow), or as it is (OTP)",
        otp="restarted at once",
        regrow="restarting, then restarted after 1 s",
    ),
    Listed(
        id="terminate_at_shutdown",
        title="`terminate` runs at shutdown",
        does="the supervisor stops a child that does not trap exits",
        otp="terminate not called",
        regrow="terminate called with shutdown",
    ),
    Listed(
        id="exact_max_seconds",
        title="`max_seconds` is exact",
        does="max_restarts 1, max_seconds 1; two crashes 1.7 s apart, the first just after a full second",
        otp="gave up",
        regrow="restarted",
    ),
    Listed(
        id="timers_end_with_their_owner",
        title="Timers end with the process that set them",
        does="a process sets a timer that sends to another, and ends before it goes off",
        otp="tick arrived",
        regrow="no tick",
    ),
    Listed(
        id="handlers_are_atomic",
        title="A `def` handler is never cut short",
        does="a handler kills its own process and goes on to note something",
        otp="not noted, killed",
        regrow="noted, killed",
    ),
    Listed(
        id="dynamic_restart_ignored",
        title="A dynamic child that ignores its restart is forgotten",
        does="a dynamic child crashes, its next init says ignore, then the supervisor is shut down",
        otp="1 child left, supervisor exits: crash",
        regrow="0 children left, supervisor exits: shutdown",
    ),
    Listed(
        id="order_of_which_children",
        title="`which_children` is in the order of start",
        does="a supervisor of a, b, c lists its children",
        otp="c b a",
        regrow="a b c",
    ),
    Listed(
        id="specs_checked_early",
        title="Specs are checked where they are made",
        does="a supervisor with two children of one id",
        otp="the supervisor fails to start",
        regrow="DuplicateChild before anything starts",
    ),
    Listed(
        id="tie_of_a_child",
        title="A child can't leave its supervisor, nor be declared dead",
        does="one child unlinks itself and is killed; another sends their supervisor an EXIT",
        otp="the killed one is not missed; the other runs twice",
        regrow="the killed one is restarted; the other runs once",
    ),
)
