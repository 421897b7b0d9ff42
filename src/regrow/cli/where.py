"""The options that choose dead letters."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TypeVar, cast

import click
from typing_extensions import override

F = TypeVar("F", bound=Callable[..., object])
Where = dict[str, str | int | float | list[int]]

REASONS: Final = (
    "max_attempts, crash_loop, rejected, expired, no_route, decode_error, overflow, circuit_open,"
    " outcome_unknown, quarantined, operator"
)
UNITS: Final = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_MESSAGE: Final = re.compile("[0-9a-f]{32}")
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)")


class Duration(click.ParamType[float]):
    """Seconds, or `90s`, `5m`, `2h`, `7d`."""

    name = "duration"

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Give seconds."""
        match = _DURATION.fullmatch(str(value).strip().lower())
        if match is None or match[2] not in UNITS:
            self.fail(f"{value!r} is no duration; write 90s, 5m, 2h or 7d", param, ctx)
        return float(match[1]) * UNITS[match[2]]


class Letter(click.ParamType["int | str"]):
    """A dead letter's number, or the id of its message."""

    name = "id"

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Give the number, or the 32 hexadecimal digits."""
        text = str(value).strip().lower()
        if _MESSAGE.fullmatch(text):
            return text
        if not text.isdecimal():
            self.fail(
                f"{value!r} is neither a number nor the id of a message, 32 hexadecimal digits", param, ctx
            )
        return int(text)


class Instant(click.ParamType[float]):
    """A time in ISO 8601; without a zone it is local."""

    name = "time"

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Give seconds since 1970."""
        try:
            return datetime.fromisoformat(str(value)).timestamp()
        except (ValueError, OverflowError, OSError):
            self.fail(
                f"{value!r} is no time; write 2026-11-21T08:30 or 2026-11-21T08:30:00+01:00", param, ctx
            )


OPTIONS: Final = (
    click.option("--id", "id", type=int, multiple=True, metavar="N", help="This number; may be given again."),
    click.option("--dest", metavar="NAME", help="Its recipient."),
    click.option("--type", "type", metavar="TYPE", help="What it is: module:Class.handler."),
    click.option("--reason", metavar="REASON", help=f"Why it died: {REASONS}."),
    click.option("--error-type", metavar="TYPE", help="Qualified name of the exception."),
    click.option("--fingerprint", metavar="HEX", help="Its cause, as `groups` shows it."),
    click.option("--key", metavar="KEY", help="Its idempotency key."),
    click.option("--status", type=click.Choice(["dead", "quarantined"]), help="Default: both."),
    click.option("--older-than", type=Duration(), metavar="AGE", help="Died so long ago: 90s, 2h, 7d."),
    click.option("--newer-than", type=Duration(), metavar="AGE", help="Died since then."),
    click.option("--since", type=Instant(), metavar="TIME", help="Died at or after, in ISO 8601."),
    click.option("--until", type=Instant(), metavar="TIME", help="Died at or before."),
)
FIELDS: Final = (
    "id",
    "dest",
    "type",
    "reason",
    "error_type",
    "fingerprint",
    "key",
    "status",
    "older_than",
    "newer_than",
    "since",
    "until",
)


def where_options(function: F) -> F:
    """Add all of them; the function gets them as keywords, and `chosen` sorts them out."""
    for option in reversed(OPTIONS):
        function = option(function)
    return function


def chosen(options: dict[str, object]) -> Where:
    """The conditions among a command's options."""
    where: Where = {}
    for field in FIELDS:
        value = options.get(field)
        if isinstance(value, tuple):
            value = list(cast("tuple[int, ...]", value))
        if value is not None and value != []:
            where[field] = cast("str | int | float | list[int]", value)
    return where


def at(seconds: float | None) -> str:
    """A time for people, in UTC."""
    if seconds is None:
        return "-"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
