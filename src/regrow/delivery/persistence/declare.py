"""`persistent`: the decorator that makes a server class persistent."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Never, Protocol, TypeVar
from typing import cast as typed

from regrow.core.codec import bindings
from regrow.delivery.persistence.sourced import E, EventSourced
from regrow.delivery.persistence.spec import SPEC, Kept, Spec, Upgrade
from regrow.delivery.persistence.start import prepare
from regrow.errors.base import show
from regrow.errors.persistence import BadPersistence
from regrow.runtime.blueprint import PREPARE
from regrow.runtime.genserver import GenServer

__all__ = ("PersistentDecorator", "persistent")

S = TypeVar("S", bound=GenServer)
T = TypeVar("T")

WEEK = 7 * 24 * 3600.0
"""Seconds for which idempotency keys are remembered."""


class PersistentDecorator(Protocol):
    """What `persistent` returns: the decorator, which gives back the class."""

    def __call__(self, server: type[S], /) -> type[S]:
        """Make this class persistent."""
        ...


def persistent(
    state: type[T],
    /,
    *,
    version: int = 1,
    upgrade: Callable[[int, Never], T] | None = None,
    upgrade_event: Callable[[int, Never], object] | None = None,
    snapshot_every: int = 100,
    inbox_window: float = WEEK,
) -> PersistentDecorator:
    """Makes a server class persistent: `self.state` is there again after any crash.

    Whatever a handler does is committed to the System's journal in one transaction when it returns: the
    new state, its durable sends, and that its message is handled. Its answer, casts, sends and timers go
    out after that. A server goes on from the last message that was committed::

        class Totals(msgspec.Struct):
            n: int = 0


        @rg.persistent(Totals)
        class Counter(rg.GenServer):
            state: Totals

            @rg.call
            def add(self, by: int) -> int:
                self.state.n += by
                return self.state.n

    The state is there before `init` runs. If a handler raises an exception that it declares, the state is
    again what it was before; its sends and timers are dropped. The class is a `GenServer`, of which the
    whole state is kept after each message that changed it, or a `rg.EventSourced`.

    Args:
        state: Its type, as msgspec knows types; called without arguments for a server of which nothing
            is kept. No processes in it: keep names.
        version: Of the state's type, and the events', from 1. Raise it when their meaning changes.
        upgrade: Takes the version that wrote a state and that state as plain Python objects (dicts, lists,
            numbers, texts), returns the present one. Needed once `version` was raised.
        upgrade_event: The same for events.
        snapshot_every: Events after which a snapshot takes their place. Default: 100.
        inbox_window: Seconds for which explicit idempotency keys are remembered. Default: 7 days.

    Raises:
        BadPersistence: The class or an option is of no use.
    """

    def decorate(server: type[S], /) -> type[S]:
        found = _spec(
            server,
            state=state,
            version=version,
            upgrade=typed("Upgrade | None", upgrade),
            upgrade_event=typed("Upgrade | None", upgrade_event),
            snapshot_every=snapshot_every,
            inbox_window=inbox_window,
        )
        setattr(server, SPEC, found)
        setattr(server, PREPARE, partial(prepare, found))
        return server

    return decorate


def _spec(
    server: object,
    *,
    state: type[object],
    version: int,
    upgrade: Upgrade | None,
    upgrade_event: Upgrade | None,
    snapshot_every: int,
    inbox_window: object,
) -> Spec:
    who: str = getattr(server, "__qualname__", None) or show(server)
    if not isinstance(server, type) or not issubclass(server, GenServer):
        raise BadPersistence(who, "it is no GenServer", "Decorate a class that inherits from rg.GenServer")
    _check_options(who, version=version, snapshot_every=snapshot_every)
    if not isinstance(inbox_window, int | float) or not 0 < inbox_window < float("inf"):
        problem = f"inbox_window={show(inbox_window)} is no number of seconds above 0"
        raise BadPersistence(who, problem, "Leave it out for 7 days")
    for name, hook in (("upgrade", upgrade), ("upgrade_event", upgrade_event)):
        if hook is not None and not callable(hook):
            problem = f"{name}={show(hook)} can't be called"
            raise BadPersistence(who, problem, "Give a function of the old version and the old value")
    kept = _kept(who, state, "state", version, upgrade)
    _check_initial(who, state, kept)
    return Spec(
        state,
        f"{state.__module__}:{state.__qualname__}",
        version,
        kept,
        _events(who, server, version, upgrade_event),
        snapshot_every=snapshot_every,
        window_us=int(inbox_window * 1_000_000),
    )


def _check_options(who: str, **options: int) -> None:
    for name, value in options.items():
        if type(value) is not int or value < 1:
            problem = f"{name}={show(value)} is no whole number from 1"
            raise BadPersistence(who, problem, "Leave it out for the default")


def _events(who: str, server: type, version: int, upgrade: Upgrade | None) -> Kept | None:
    if EventSourced not in server.__mro__:
        return None
    if next(one for one in server.__mro__ if "apply" in vars(one)) is EventSourced:
        problem = "it has no apply, which changes the state as an event says"
        raise BadPersistence(who, problem, "Write def apply(self, event: Added) -> None")
    kind = bindings(server, EventSourced).get(E)
    if kind is None or isinstance(kind, TypeVar):
        problem = "the type of its events isn't said"
        raise BadPersistence(who, problem, "Inherit from rg.EventSourced[Added | Removed]")
    return _kept(who, kind, "event", version, upgrade)


def _kept(who: str, kind: object, what: str, version: int, upgrade: Upgrade | None) -> Kept:
    try:
        return Kept(kind, what, version, upgrade)
    except (TypeError, ValueError, NameError) as error:
        problem = f"{show(kind)} is no type of a {what} that msgspec can read ({error})"
        raise BadPersistence(
            who, problem, "Use a Struct, a dataclass or a container of plain values"
        ) from error


def _check_initial(who: str, state: type[object], kept: Kept) -> None:
    try:
        kept.check(who, kept.encode(who, state()))
    except Exception as error:
        problem = f"{show(state)} without arguments gives no state to begin with ({error})"
        raise BadPersistence(who, problem, "Give each of its fields a default") from error
