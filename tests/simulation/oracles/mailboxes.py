"""A mailbox as a list: what stands in it, in which order, and what its bound does with one more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Literal, TypeAlias

from tests.simulation.oracles.who import Who

Policy: TypeAlias = Literal["raise", "drop_oldest", "drop_newest"]


class Box:
    """The mailbox of one process whose handlers are all `def`: a message leaves it when its handler begins.

    Args:
        pid: Whose it is.
        capacity: How many messages may wait.
        policy: What becomes of one more.
        violate: Told what is wrong.
    """

    def __init__(
        self, pid: Who, capacity: int, policy: Policy, violate: Callable[[str, str], object]
    ) -> None:
        self.pid = pid
        self.capacity = capacity
        self.policy = policy
        self.waiting: list[tuple[int, bool]] = []
        """Tokens, oldest first, and whether each may be dropped."""
        self.dropped: list[int] = []
        self.refused = 0
        self.handled = 0
        self._violate = violate

    def put(self, token: int, *, refused: bool, droppable: bool = True) -> None:
        """Somebody has sent a message; `refused` if that raised MailboxFull."""
        full = len(self.waiting) >= self.capacity
        if refused != (full and self.policy == "raise"):
            what = "refused" if refused else "taken"
            self._violate("bound", f"{self.pid}: {token} was {what} with {len(self.waiting)} waiting")
        if refused:
            self.refused += 1
        elif not full or not self._drop(token):
            self.waiting.append((token, droppable))

    def _drop(self, token: int) -> bool:
        """Drop one message. True if that is the new one."""
        if self.policy == "drop_oldest":
            for place, (other, droppable) in enumerate(self.waiting):
                if droppable:
                    del self.waiting[place]
                    self.dropped.append(other)
                    return False
        self.dropped.append(token)
        return True

    def take(self, token: int) -> None:
        """The handler of a message begins."""
        self.handled += 1
        if not self.waiting or self.waiting[0][0] != token:
            waiting = [other for other, _ in self.waiting]
            self._violate("order of arrival", f"{self.pid} handles {token}; there wait {waiting}")
            self.waiting = [row for row in self.waiting if row[0] != token]
        else:
            del self.waiting[0]

    def died(self) -> None:
        """What still waits is dropped."""
        self.dropped += [token for token, _ in self.waiting]
        self.waiting.clear()


class Pairs:
    """Order between each sender and each receiver, and who got what how often.

    Args:
        violate: Told what is wrong.
        twice: Whether a message may arrive twice.
    """

    def __init__(self, violate: Callable[[str, str], object], *, twice: bool) -> None:
        self._violate = violate
        self._twice = twice
        self._last: dict[tuple[object, object], int] = {}
        self.sent: Counter[tuple[object, object]] = Counter()
        self.arrived: Counter[tuple[object, object, int]] = Counter()

    def send(self, sender: object, receiver: object) -> int:
        """A message is sent: its number between these two, from 1."""
        self.sent[sender, receiver] += 1
        return self.sent[sender, receiver]

    def handled(self, sender: object, receiver: object, incarnation: Who, number: int) -> None:
        """It has arrived."""
        self.arrived[sender, receiver, number] += 1
        if number > self.sent[sender, receiver]:
            self._violate("no message from nowhere", f"{receiver} got {number} from {sender}")
        if self.arrived[sender, receiver, number] > (2 if self._twice else 1):
            self._violate("handled once", f"{receiver} got {number} from {sender} again")
        last = self._last.get((sender, incarnation), 0)
        if number < last or (number == last and not self._twice):
            self._violate("order of a pair", f"{incarnation} got {number} from {sender} after {last}")
        self._last[sender, incarnation] = number

    def lost(self) -> int:
        """How many didn't arrive at all."""
        return sum(self.sent.values()) - len(self.arrived)
