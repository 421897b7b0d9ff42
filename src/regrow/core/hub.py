"""The event hub: prefix subscription, at near zero cost while nobody listens.

An emitter asks `Exited in hub.wanted` before it builds an event; `wanted` is a plain set, so the
cost of an event without listeners is one look-up.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, final

from typing_extensions import override

from regrow.core.events import EVENT_TYPES, Event, SpanFailed, SpanStarted, SpanStopped, SubscriberFailed
from regrow.core.show import Show, shower
from regrow.errors.settings import BadSubscription

if TYPE_CHECKING:
    from typing import Self

_log = logging.getLogger("regrow.events")

MAX_AT_END: Final = 10_000
"""Events given out when nothing comes after: an end even if subscribers cause ever new ones."""

Subscriber = Callable[[Event], object]
"""What a subscriber is: a plain function, called with the event on the system's loop."""


@final
class Subscription:
    """One subscriber of a hub. Close it by `close()` or a `with` block.

    Attributes:
        prefix: The events it is for.
        callback: What is called with them.
        active: Whether it still listens; False once closed, or detached because it raised.
    """

    __slots__ = ("_hub", "active", "callback", "prefix")

    def __init__(self, hub: Hub, prefix: str, callback: Subscriber) -> None:
        self._hub = hub
        self.prefix: str = prefix
        self.callback: Subscriber = callback
        self.active: bool = True

    def close(self) -> None:
        """Stop listening, also to what is already on its way; twice is fine."""
        if self.active:
            self.active = False
            self._hub.forget(self)

    def matches(self, name: str) -> bool:
        """Whether the event `name` stands under this subscription's prefix, dot by dot."""
        return not self.prefix or name == self.prefix or name.startswith(self.prefix + ".")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    @override
    def __repr__(self) -> str:
        return (
            f"<Subscription {self.prefix or '*'} {name_of(self.callback)}{'' if self.active else ' (off)'}>"
        )


@final
class Hub:
    """Carries events of one System from its runtime to subscribers.

    Events are given out in the order they happened, a little later: in the loop's next pass, in the
    context that the System was started in. So a subscriber never runs on the stack of whoever
    caused the event, nor inside a process's death, and may itself send, kill, subscribe and close;
    `await system.idle()` returns when all are given out. Subscribers run one after the other in the
    order they subscribed. One that raises is detached and reported by a log record and a
    `SubscriberFailed` event; the emitter and the other subscribers never notice.

    Args:
        time: The clock that spans are measured by, in seconds.
        show: Turns an error into text; by default its bounded repr.
    """

    __slots__ = (
        "_by_type",
        "_changed",
        "_flushing",
        "_later",
        "_pending",
        "_show",
        "_subscriptions",
        "_time",
        "_types",
        "wanted",
    )

    def __init__(self, time: Callable[[], float], show: Show | None = None) -> None:
        self._time = time
        self._show: Show = show or shower(None)
        self._types: set[type[Event]] = set(EVENT_TYPES)
        self._subscriptions: tuple[Subscription, ...] = ()
        self._by_type: dict[type[Event], tuple[Subscription, ...]] = {}
        self._pending: deque[tuple[Event | Callable[[], Event], tuple[Subscription, ...]]] = deque()
        self._flushing = False
        self._changed: Callable[[], object] | None = None
        self._later: Callable[[], object] | None = None
        self.wanted: set[type[Event]] = set()
        """Event types that somebody listens to; emitters ask it before they build an event."""

    # -- subscribing ---------------------------------------------------------------------------

    def subscribe(self, prefix: str, callback: Subscriber) -> Subscription:
        """Call `callback` with every event whose name is `prefix` or stands under it.

        Args:
            prefix: `"process"`, `"process.exited"`, or `""` for all.
            callback: A plain function; it must not block.

        Raises:
            BadSubscription: The prefix is no str, or the callback can't be called.
        """
        if not isinstance(prefix, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            raise BadSubscription(prefix, "a str: the name of an event or its beginning, up to a dot")
        if not callable(callback):
            raise BadSubscription(callback, "a function of one argument, the event")
        subscription = Subscription(self, prefix, callback)
        self._subscriptions = (*self._subscriptions, subscription)
        self._index()
        return subscription

    def subscriptions(self) -> tuple[Subscription, ...]:
        """All subscriptions, oldest first."""
        return self._subscriptions

    # -- emitting ------------------------------------------------------------------------------

    def emit(self, event: Event) -> None:
        """Give `event` to those who listen now, later.

        An event type of one's own is known from its first emit.
        """
        kind = type(event)
        if kind not in self._types:
            self._types.add(kind)
            self._index()
        subscriptions = self._by_type.get(kind)
        if subscriptions is None:
            return
        self._add(event, subscriptions)

    def _add(self, event: Event | Callable[[], Event], subscriptions: tuple[Subscription, ...]) -> None:
        self._pending.append((event, subscriptions))
        if self._later is None:
            self.flush()
        elif len(self._pending) == 1:
            self._later()

    def emit_made(self, kind: type[Event], make: Callable[[], Event]) -> None:
        """Like `emit`, of an event that is made when it is given out."""
        subscriptions = self._by_type.get(kind)
        if subscriptions is not None:
            self._add(make, subscriptions)

    @contextmanager
    def span(self, name: str, **metadata: object) -> Generator[None]:
        """Emit `span.started`, and `span.stopped` or `span.failed` with the seconds between."""
        begun = self._time()
        if SpanStarted in self.wanted:
            self.emit(SpanStarted(at=begun, span=name, metadata=metadata))
        try:
            yield
        except BaseException as error:
            if SpanFailed in self.wanted:
                now = self._time()
                shown = self._show(error)
                self.emit(SpanFailed(at=now, span=name, metadata=metadata, seconds=now - begun, error=shown))
            raise
        if SpanStopped in self.wanted:
            now = self._time()
            self.emit(SpanStopped(at=now, span=name, metadata=metadata, seconds=now - begun))

    # -- for the runtime -----------------------------------------------------------------------

    def open(self, later: Callable[[], object], changed: Callable[[], object] | None = None) -> None:
        """A System starts.

        Args:
            later: Sees to it that `flush` is called soon, on nobody's stack.
            changed: Is told whenever `wanted` may have changed.
        """
        self._later = later
        self._changed = changed
        self._index()

    def shut(self) -> None:
        """The System is down: what is still on its way is given out now."""
        self._later = self._changed = None
        self.flush()

    def flush(self) -> None:
        """Give out what has happened so far; what subscribers cause meanwhile comes with the next flush."""
        if self._flushing:
            return
        self._flushing = True
        pending = self._pending
        rounds = len(pending) if self._later is not None else MAX_AT_END
        try:
            while pending and rounds > 0:
                rounds -= 1
                event, subscriptions = pending.popleft()
                self._give(event if isinstance(event, Event) else event(), subscriptions)
        finally:
            self._flushing = False
            if pending and self._later is not None:
                self._later()

    def forget(self, subscription: Subscription) -> None:
        """A subscription is closed."""
        self._subscriptions = tuple(one for one in self._subscriptions if one is not subscription)
        self._index()

    def _give(self, event: Event, subscriptions: tuple[Subscription, ...]) -> None:
        for subscription in subscriptions:
            if not subscription.active:
                continue
            try:
                subscription.callback(event)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001  # foreign code: whatever it raises is its own
                self._detach(subscription, event, error)

    def _detach(self, subscription: Subscription, event: Event, error: BaseException) -> None:
        subscription.close()
        subscriber = name_of(subscription.callback)
        _log.error("event subscriber %s raised at %s and is detached", subscriber, event.name, exc_info=error)
        if SubscriberFailed in self.wanted:
            shown = self._show(error)
            self.emit(SubscriberFailed(at=self._time(), subscriber=subscriber, event=event.name, error=shown))

    def _index(self) -> None:
        types = self._types if self._subscriptions else ()  # most Systems start with nobody who listens
        found = {t: tuple(s for s in self._subscriptions if s.matches(t.name)) for t in types}
        self._by_type = {t: subscriptions for t, subscriptions in found.items() if subscriptions}
        self.wanted.clear()
        self.wanted.update(self._by_type)
        if self._changed is not None:
            self._changed()


def name_of(value: object) -> str:
    """What a function or class is called, for people; anything else as text."""
    name: object = getattr(value, "__qualname__", None)
    return name if isinstance(name, str) else shower(None)(value)
