"""The options of a supervised send, checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias, TypedDict, cast, final

import msgspec

from regrow.core.options import DAY, is_seconds
from regrow.core.texts import is_name
from regrow.errors import BadDeliveryOption
from regrow.resilience.retry import ExponentialBackoff
from regrow.resilience.settings import BreakerSettings

__all__ = ("DEFAULTS", "Ack", "OnError", "Options", "SendOptions", "options_of")

OnError: TypeAlias = Literal["raise", "log", "dead_letter", "ignore"]
Ack: TypeAlias = Literal["handled", "accepted"]
ON_ERROR: Final = ("raise", "log", "dead_letter", "ignore")
ACKS: Final = ("handled", "accepted")
DURABLE_ON_ERROR: Final = ("dead_letter", "ignore")
KEPT: Final = 256
MOST_RETRIES: Final = 1_000_000_000
CENTURY: Final = 36_500 * DAY


class SendOptions(TypedDict, total=False):
    """The options of `rg.supervised_send` beside `timeout`. Its docstring says what they mean."""

    attempt_timeout: float | None
    retries: int
    backoff: ExponentialBackoff
    on_error: OnError
    ack: Ack
    durable: bool
    metadata: Mapping[str, object] | None
    idempotency_key: str | None
    ordering_key: str | None
    expires_in: float | None
    delay: float | None
    breaker: BreakerSettings | Literal[False] | None


@final
class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Options that are in order.

    `plain`: nothing stands in the way of a hand-off. `tagged`: the handler is told more than an id.
    `handled`: the sender waits for that. `bare`: of a durable send nothing is asked that its hand-out would
    have to know.
    """

    attempt_timeout: float | None = None
    retries: int = 0
    backoff: ExponentialBackoff = ExponentialBackoff()
    on_error: OnError = "raise"
    ack: Ack = "handled"
    durable: bool = False
    metadata: Mapping[str, object] | None = None
    idempotency_key: str | None = None
    ordering_key: str | None = None
    expires_in: float | None = None
    delay: float | None = None
    breaker: BreakerSettings | Literal[False] | None = None
    plain: bool = True
    tagged: bool = False
    bare: bool = False
    handled: bool = True


DEFAULTS: Final = Options()
_kept: dict[object, Options] = {}
"""Options that were in order, by what was given: a sender gives the same ones again and again."""
_latest: tuple[SendOptions, Options] = ({}, DEFAULTS)
"""The last of them: to compare is faster than to look up."""


def options_of(given: SendOptions) -> Options:
    """The options as they are used.

    Raises:
        BadDeliveryOption: One of them can't be used, or is unknown.
    """
    global _latest  # noqa: PLW0603, RG301  # a memory of one
    before, found_before = _latest
    if given == before:
        return found_before
    key = tuple(given.items())
    try:
        found = _kept.get(key)
    except TypeError:  # metadata, or what nobody should give
        return _checked(given)
    if found is None:
        found = _checked(given)
        if len(_kept) >= KEPT:
            _kept.clear()
        _kept[key] = found
    _latest = (given, found)
    return found


def _checked(given: Mapping[str, object]) -> Options:
    for option, value in given.items():
        rule = _RULES.get(option)
        if rule is None:
            raise BadDeliveryOption(
                option, value, f"there is no such option; there are {', '.join(sorted(_RULES))}"
            )
        holds, allowed = rule
        if not holds(value):
            raise BadDeliveryOption(option, value, allowed)
    durable = given.get("durable", False)
    values = dict(given)
    if durable and "on_error" not in values:
        values["on_error"] = "dead_letter"
    values["handled"] = values.get("ack", "handled") == "handled"
    values["plain"] = not durable and values["handled"] and not values.get("delay")
    values["tagged"] = values.get("metadata") is not None or values.get("idempotency_key") is not None
    values["bare"] = durable and all(values.get(option) is None for option in _NOTED)
    options = msgspec.structs.replace(DEFAULTS, **values)
    _check_together(options)
    return options


def _check_together(options: Options) -> None:
    if options.durable and options.on_error not in DURABLE_ON_ERROR:
        raise BadDeliveryOption(
            "on_error",
            options.on_error,
            "of a durable send it is 'dead_letter' or 'ignore', as the caller may be gone when it fails",
        )
    if options.ordering_key is not None and not options.durable:
        raise BadDeliveryOption(
            "ordering_key", options.ordering_key, "only durable=True keeps an order that outlives a crash"
        )
    if options.expires_in is not None and options.delay is not None and options.expires_in <= options.delay:
        raise BadDeliveryOption(
            "expires_in", options.expires_in, f"it would expire before its delay={options.delay:g} s is over"
        )
    if not options.durable:
        for option in ("expires_in", "delay"):
            value: object = getattr(options, option)
            if value is not None and not is_seconds(value) and value != 0:
                raise BadDeliveryOption(option, value, "at most a day, unless with durable=True")


def _is_seconds_or_none(value: object) -> bool:
    return value is None or is_seconds(value)


def _is_time(value: object) -> bool:
    """A durable message may wait for years."""
    return value is None or (type(value) in (int, float) and 0 < cast(float, value) <= CENTURY)


def _is_delay(value: object) -> bool:
    return (type(value) in (int, float) and value == 0) or _is_time(value)


def _is_text_or_none(value: object) -> bool:
    return value is None or is_name(value)


def _is_mapping(value: object) -> bool:
    if value is None:
        return True
    return isinstance(value, Mapping) and all(
        isinstance(key, str) for key in cast("Mapping[object, object]", value)
    )


_NOTED: Final = ("attempt_timeout", "ordering_key", "expires_in", "delay", "breaker")
_Rule: TypeAlias = tuple[Callable[[object], bool], str]
_RULES: Final[dict[str, _Rule]] = {
    "attempt_timeout": (_is_seconds_or_none, "allowed are None, or seconds above 0 and at most a day"),
    "retries": (
        lambda value: type(value) is int and 0 <= value <= MOST_RETRIES,
        f"it has to be a whole number, 0 or more, at most {MOST_RETRIES:,}",
    ),
    "backoff": (
        lambda value: isinstance(value, ExponentialBackoff),
        "it has to be an rg.ExponentialBackoff(base=..., cap=...)",
    ),
    "on_error": (lambda value: value in ON_ERROR, f"allowed are {', '.join(map(repr, ON_ERROR))}"),
    "ack": (lambda value: value in ACKS, "allowed are 'handled' and 'accepted'"),
    "durable": (lambda value: isinstance(value, bool), "it has to be True or False"),
    "metadata": (_is_mapping, "it has to be a mapping with str keys, or None"),
    "idempotency_key": (
        _is_text_or_none,
        "it has to be a str that isn't empty and can be written as UTF-8, or None",
    ),
    "ordering_key": (
        _is_text_or_none,
        "it has to be a str that isn't empty and can be written as UTF-8, or None",
    ),
    "expires_in": (_is_time, "it has to be a finite number of seconds above 0, at most a century, or None"),
    "delay": (_is_delay, "it has to be a finite number of seconds, 0 or more, at most a century, or None"),
    "breaker": (
        lambda value: value is None or value is False or isinstance(value, BreakerSettings),
        "it has to be an rg.BreakerSettings(...), None for the default, or False for none",
    ),
}
