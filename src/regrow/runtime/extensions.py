"""What the rooms above keep for one run of a System: one object of each kind, kept by the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar, cast, runtime_checkable

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine
    from regrow.runtime.system import System

T = TypeVar("T")


def extension(engine: Engine, kind: Callable[[Engine], T]) -> T:
    """The one `kind(engine)` of this run, made when it is first asked for."""
    found = engine.extensions.get(kind)
    if found is None:
        found = engine.extensions[kind] = kind(engine)
    return cast(T, found)


@runtime_checkable
class Stoppable(Protocol):
    """An extension that wants to know that the System stops."""

    def stop(self) -> None:
        """The System stops, while its services still run; or has stopped. May be called twice."""
        ...


def stop_extensions(engine: Engine) -> None:
    """Tell those that want to know."""
    for one in tuple(engine.extensions.values()):
        if isinstance(one, Stoppable):
            one.stop()


def engine_of(system: System) -> Engine:
    """The engine of a System that runs.

    Raises:
        NotStarted, ForkedSystem: It doesn't.
    """
    return system._running()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
