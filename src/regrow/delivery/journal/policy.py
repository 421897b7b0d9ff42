"""How long dead letters are kept, how many, and when they are tried again by themselves."""

from __future__ import annotations

from typing import Final, Literal, TypeGuard, cast, final

import msgspec

from regrow.core.backoff import Backoff, RandomSource
from regrow.delivery.journal.clock import MICROSECONDS
from regrow.delivery.journal.rows import Reason
from regrow.errors.deadletters import BadDeadLetterOption

__all__ = ("RETRIED", "DeadLetterPolicy", "expires_us", "retry_us")

DAY: Final = 86_400.0
RETRIED: Final[frozenset[Reason]] = frozenset({"max_attempts", "no_route", "overflow", "circuit_open"})
"""Reasons that time may mend. The others would only fail, or crash somebody, again."""
LONGEST_RETENTION: Final = 36_500 * DAY


@final
class DeadLetterPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What a journal does with its dead letters by itself.

    Args:
        keep: Seconds until one is deleted, counted and told by an event; None keeps them for ever.
            Default 14 days.
        max_count: How many there may be. Default 100,000.
        overflow: At `max_count` `"refuse"` lets the journal accept nothing more (`JournalFull`), the
            default; `"drop_oldest"` deletes the oldest, counted and told by an event.
        retries: How often one is tried again by itself, 0 for never. Default 5. Only what died of
            `RETRIED` reasons is, and never what is quarantined.
        backoff: How long each of these waits. Default from a minute, four times longer each, up to six
            hours, half of it jitter.
        secrets: Names of arguments and metadata that `show` hides, beside those it knows by itself
            (password, token, secret, authorization, api_key and the like).

    Raises:
        BadDeadLetterOption: If one of them is out of its range.
    """

    keep: float | None = 14 * DAY
    max_count: int = 100_000
    overflow: Literal["refuse", "drop_oldest"] = "refuse"
    retries: int = 5
    backoff: Backoff = Backoff(base=60.0, cap=6 * 3600.0, factor=4.0, jitter=0.5)
    secrets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        keep: object = self.keep
        if keep is not None and not (_is_number(keep) and 0 < float(keep) <= LONGEST_RETENTION):
            raise BadDeadLetterOption("keep", keep, "seconds above 0 and at most a century, or None")
        if not _is_count(self.max_count, 1):
            raise BadDeadLetterOption("max_count", self.max_count, "a whole number, 1 or more")
        if self.overflow not in ("refuse", "drop_oldest"):
            raise BadDeadLetterOption("overflow", self.overflow, "'refuse' or 'drop_oldest'")
        if not _is_count(self.retries, 0):
            raise BadDeadLetterOption("retries", self.retries, "a whole number, 0 or more")
        backoff = cast("object", self.backoff)
        if not isinstance(backoff, Backoff):
            raise BadDeadLetterOption("backoff", backoff, "an rg.Backoff")
        secrets = cast("object", self.secrets)
        if not _are_names(secrets):
            raise BadDeadLetterOption("secrets", secrets, "a tuple of names")


def expires_us(policy: DeadLetterPolicy, now_us: int) -> int | None:
    """When retention deletes what dies now."""
    return None if policy.keep is None else now_us + int(policy.keep * MICROSECONDS)


def retry_us(
    policy: DeadLetterPolicy,
    reason: Reason,
    *,
    now_us: int,
    redrives: int,
    random: RandomSource,
    wanted_until_us: int | None,
) -> int | None:
    """When what dies now is tried again by itself, None for never.

    Args:
        policy: The journal's.
        reason: Why it died.
        now_us: When.
        redrives: How often it was a dead letter before.
        random: Where the jitter comes from.
        wanted_until_us: `expires_us` of the delivery: nobody wants it later.
    """
    if policy.retries == 0 or reason not in RETRIED:
        return None
    due = now_us + int(policy.backoff.delay(redrives + 1, random) * MICROSECONDS)
    return due if wanted_until_us is None or due < wanted_until_us else None


def _is_number(value: object) -> TypeGuard[int | float]:
    return type(value) in (int, float)


def _are_names(value: object) -> bool:
    names = cast("tuple[object, ...]", value) if isinstance(value, tuple) else (None,)
    return all(isinstance(name, str) and name for name in names)


def _is_count(value: object, least: int) -> bool:
    return type(value) is int and value >= least
