"""Links and monitors: who has to be told of which end, how often and in which order.

It is told of each link, unlink, monitor and demonitor when it is made, of each message when it is handled,
and of each end by the events, which come a little after it. Who was linked to whom at an end it knows all
the same: a link to the dead is no link, and who unlinks from the dead may or may not have its EXIT in the
mailbox.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

import msgspec

import regrow as rg
from tests.simulation.oracles.who import Who


class Watch(msgspec.Struct, eq=False):
    """One monitor; `target` is None for a name that nobody had."""

    owner: Who
    target: Who | None
    late: bool
    """The target had ended before."""
    ended: bool = False
    downs: int = 0


class Heard(msgspec.Struct, frozen=True):
    """One thing that a process was told: `what` is "EXIT", "DOWN" or "word", `who` it is about."""

    what: str
    who: Who | None
    detail: object


class Ties:
    """Everything that ties the processes of one run together.

    Args:
        violate: Told what is wrong.
    """

    def __init__(self, violate: Callable[[str, str], object]) -> None:
        self._violate = violate
        self.watches: dict[object, Watch] = {}
        self.traps: dict[Who, bool] = {}
        """Whether each process traps exits; none does before its code runs."""
        self.causes: defaultdict[Who, list[object]] = defaultdict(list)
        """Reasons that each process may end with."""
        self._ended: dict[Who, object] = {}
        self._links: defaultdict[Who, set[Who]] = defaultdict(set)
        self._perhaps: set[tuple[Who, Who]] = set()
        """EXIT to the first of the second: may come or not, as they were unlinked after the end."""
        self._due: Counter[tuple[Who, Who]] = Counter()
        """EXIT messages by receiver and by who has ended."""
        self._fated: list[tuple[Who, Who]] = []
        """Who had to end because the other did."""
        self._words: Counter[tuple[Who, Who]] = Counter()
        self._heard: defaultdict[Who, list[Heard]] = defaultdict(list)

    # -- what is done --------------------------------------------------------------------------

    def joined(self, pid: Who, *, trap: bool) -> None:
        """The code of a process begins to run."""
        self.traps[pid] = trap
        self._perhaps.update((pid, other) for other in self._links[pid] if not other.alive)

    def monitored(self, monitor: object, owner: Who, target: Who | None) -> None:
        self.watches[monitor] = Watch(owner, target, target is None or not target.alive)

    def demonitored(self, monitor: object) -> None:
        self.watches[monitor].ended = True

    def linked(self, one: Who, other: Who) -> None:
        """`one` links itself to `other`."""
        if one == other:
            return
        if other.alive:
            self._links[one].add(other)
            self._links[other].add(one)
        elif self.traps[one]:
            self._due[one, other] += 1
        else:
            self.causes[one].append(rg.NOPROC)

    def unlinked(self, one: Who, other: Who) -> None:
        if other.alive:
            self._links[one].discard(other)
            self._links[other].discard(one)
        else:
            self._perhaps.add((one, other))

    def said(self, sender: Who, receiver: Who) -> int:
        """A message is sent: its number between these two."""
        self._words[sender, receiver] += 1
        return self._words[sender, receiver]

    # -- what is seen --------------------------------------------------------------------------

    def down(self, me: Who, down: rg.Down) -> None:
        """`me` handles a DOWN."""
        watch = self.watches.get(down.monitor)
        if watch is None or watch.owner != me:
            self._violate("one DOWN", f"{me} got {down}, which is nobody's")
            return
        watch.downs += 1
        if watch.ended:
            self._violate("no DOWN after demonitor", f"{me} got {down}")
        if watch.downs > 1:
            self._violate("one DOWN", f"{me} got {down} again")
        if watch.target is not None and watch.target.alive:
            self._violate("DOWN of the dead", f"{me} got {down}, and it lives")
        self._heard[me].append(Heard("late DOWN" if watch.late else "DOWN", watch.target, down.reason))

    def exit(self, me: Who, message: rg.Exit) -> None:
        """`me` handles an EXIT."""
        if message.pid != me:  # what somebody outside has sent
            self._heard[me].append(Heard("EXIT", message.pid, message.reason))

    def word(self, me: Who, sender: Who, number: int) -> None:
        """`me` handles a message."""
        self._heard[me].append(Heard("word", sender, number))

    def died(self, pid: Who, reason: object) -> None:
        """A process has ended; told in the order of the ends."""
        self._ended[pid] = reason
        if reason not in self.causes[pid]:
            self._violate("reason", f"{pid} ended with {reason}; expected one of {self.causes[pid]}")
        for other in self._links.pop(pid, ()):
            self._links[other].discard(pid)
            if self.traps[other]:
                self._due[other, pid] += 1
            elif reason is not rg.NORMAL:
                self.causes[other].append(reason)
                if (other, pid) not in self._perhaps:
                    self._fated.append((other, pid))

    # -- in the end ----------------------------------------------------------------------------

    def check(self) -> None:
        """Everything has been handled by those who live."""
        for other, pid in self._fated:
            if other.alive:
                self._violate("linked ends", f"{other} lives, though {pid} ended with {self._ended[pid]}")
        for monitor, watch in self.watches.items():
            self._check_watch(monitor, watch)
        for me in self.traps:
            self._check_exits(me)
            self._check_order(me)

    def _check_watch(self, monitor: object, watch: Watch) -> None:
        gone = watch.late or watch.target in self._ended
        if gone and watch.owner.alive and not watch.ended and watch.downs == 0:
            self._violate("one DOWN", f"{watch.owner} never got it of {monitor}")

    def _check_exits(self, me: Who) -> None:
        got = Counter(heard.who for heard in self._heard[me] if heard.what == "EXIT")
        for who in {*got, *(pid for one, pid in self._due if one == me)}:
            due = self._due[me, who] if who is not None else 0
            perhaps = (me, who) in self._perhaps
            if got[who] > due or (me.alive and got[who] < due and not perhaps):
                self._violate("one EXIT", f"{me} got {got[who]} of {who}; {due} were due")

    def _check_order(self, me: Who) -> None:
        """What one process sends another keeps its order: words, EXIT, DOWN, with the right reason."""
        words: Counter[Who | None] = Counter()
        down: set[Who | None] = set()
        for heard in self._heard[me]:
            if heard.what == "word":
                words[heard.who] += 1
                if heard.detail != words[heard.who] or heard.who in down:
                    self._violate(
                        "order of a pair", f"{me} got word {heard.detail} of {heard.who} out of order"
                    )
                continue
            reason = self._ended.get(heard.who) if heard.who is not None else rg.NOPROC
            late = heard.what == "late DOWN" or heard.detail is rg.NOPROC
            if heard.detail is not rg.NOPROC if late else heard.detail != reason:
                self._violate("reason", f"{me} got {heard}; it ended with {reason}")
            if late or heard.who is None:
                continue
            if words[heard.who] != self._words[heard.who, me]:
                said = self._words[heard.who, me]
                self._violate("order of a pair", f"{me} got {heard} after {words[heard.who]} of {said} words")
            if heard.what == "EXIT" and heard.who in down:
                self._violate("EXIT before DOWN", f"{me} got the DOWN of {heard.who} first")
            if heard.what == "DOWN":
                down.add(heard.who)
