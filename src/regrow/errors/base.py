"""The root of every error of Regrow, and how a value is shown in a text."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from typing_extensions import override as override  # noqa: PLC0414  # re-exported
else:  # errors, and so the linter, work on the standard library alone

    def override(method):
        return method


__all__ = ("RegrowError", "show")

E = TypeVar("E", bound="RegrowError")

SHOWN = 200


class RegrowError(Exception):
    """The root of every error that Regrow raises itself.

    Each error builds its own text and keeps what it is about as attributes. All can be copied and
    pickled, whatever their constructor looks like, as far as what they hold can.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        _publish(cls)

    @override
    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.args), dict(self.__dict__)


def _publish(kind: type[RegrowError]) -> None:
    # Tracebacks and pickles name the public place, so that an error's module can change.
    if kind.__module__.startswith("regrow.errors."):
        kind.__module__ = "regrow.errors"


_publish(RegrowError)


def _rebuild(kind: type[E], args: tuple[object, ...]) -> E:
    # Not kind(*args): args holds the text, the constructors take what the text is about.
    error = kind.__new__(kind, *args)
    error.args = args
    return error


def show(value: object) -> str:
    """The value's repr on one line of at most 200 characters, whatever it is."""
    try:
        text = " ".join(repr(value).split())
    except Exception as failure:  # noqa: BLE001  # an error's text can't fail
        return f"<{type(value).__name__} whose __repr__ raised {type(failure).__name__}>"
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."
