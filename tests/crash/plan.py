"""What every sender sends, and what receivers do with it: a pure function of seed, sender and number.

The child and the checker share nothing else. An operation's name is ``"<sender>.<number>"``; what is owed
is the operation for one recipient, ``"<sender>.<number>@<recipient>"``.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Literal, TypeAlias, TypeVar

SENDERS: Final = 32
WORKERS: Final = ("worker-0", "worker-1", "worker-2", "worker-3")
ORDERED: Final = ("ordered-0", "ordered-1")
LEDGER: Final = "ledger"
TALLY: Final = "tally"
NOBODY: Final = "nobody"
"""A name that is never registered."""

KEEPERS: Final = (LEDGER, TALLY)
RECEIVERS: Final = (*WORKERS, *ORDERED, *KEEPERS)
MAX_CRASHES: Final = 3
RETRIES: Final = 2

Kind: TypeAlias = Literal["accepted", "handled", "fan", "delayed", "lane", "effect", "expiring", "unheard"]
Fate: TypeAlias = Literal["good", "slow", "flaky", "crash_once", "failing", "crashing", "rejected", "ignored"]

_KINDS: Final[dict[Kind, int]] = {
    "accepted": 5,
    "handled": 10,
    "fan": 2,
    "delayed": 3,
    "lane": 5,
    "effect": 5,
    "expiring": 1,
    "unheard": 1,
}
_FATES: Final[dict[Fate, int]] = {
    "good": 85,
    "slow": 24,
    "flaky": 8,
    "crash_once": 3,
    "failing": 4,
    "crashing": 1,
    "rejected": 1,
    "ignored": 2,
}
_FATES_OF_EFFECTS: Final[dict[Fate, int]] = {"good": 28, "slow": 3, "crash_once": 1}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Operation:
    """One send, or one broadcast.

    Attributes:
        number: Place in its sender's sequence, from 0.
        chance: 32 random bits, for whatever is left to be chosen.
    """

    name: str
    sender: int
    number: int
    kind: Kind
    fate: Fate
    chance: int

    @property
    def recipients(self) -> tuple[str, ...]:
        """The names that it goes to."""
        match self.kind:
            case "fan":
                return tuple(WORKERS[(self.chance + i) % len(WORKERS)] for i in range(3))
            case "lane":
                return (ORDERED[self.sender % len(ORDERED)],)
            case "effect":
                return (LEDGER,)
            case "unheard" | "expiring":
                return (NOBODY,)
            case _:
                return (WORKERS[self.chance % len(WORKERS)],)

    @property
    def owed(self) -> tuple[str, ...]:
        """What is owed once it is accepted."""
        return tuple(owed(self.name, recipient) for recipient in self.recipients)

    @property
    def mended(self) -> bool:
        """Whether a redrive finds the bug in its receiver mended."""
        return self.chance % 2 == 0

    @property
    def weight(self) -> int:
        """What the tally adds up."""
        return self.chance


def operation(seed: int, sender: int, number: int) -> Operation:
    """The `number`-th operation of a sender."""
    name = f"{sender}.{number}"
    bits = blake2b(f"{seed} {name}".encode(), digest_size=6).digest()
    kind = _pick(_KINDS, bits[0])
    fate = _pick(_FATES_OF_EFFECTS if kind == "effect" else _FATES, bits[1])
    if kind in {"expiring", "unheard"}:
        fate = "good"
    return Operation(name, sender, number, kind, fate, int.from_bytes(bits[2:]))


def _pick(shares: dict[T, int], chance: int) -> T:
    """One of these, as often as its share says; the shares add up to a power of 2."""
    chance %= sum(shares.values())
    for value, share in shares.items():
        chance -= share
        if chance < 0:
            return value
    raise AssertionError("the shares add up")


def named(seed: int, name: str) -> Operation:
    """The operation with this name, or one that is owed for it."""
    sender, _, number = name.partition("@")[0].partition(".")
    return operation(seed, int(sender), int(number))


def owed(name: str, recipient: str) -> str:
    """An operation for one of its recipients."""
    return f"{name}@{recipient}"
