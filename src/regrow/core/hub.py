"""The event hub: prefix subscription, at near zero cost while nobody listens.

An emitter asks `Exited in hub.wanted` before it builds an event; `wanted` is a plain set, so the
cost of an event without listeners is one look-up.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, final

from regrow.core.events import EVENT_TYPES, Event, SpanFailed, SpanStarted, SpanStopped, SubscriberFailed

if TYPE_CHECKING:
    from typing import Self

_log = logging.getLogger("regrow.events")

Subscriber = Callable[[Event], object]
"""What a subscriber is: a plain function, called with the event on the system's loop."""


@final
class Subscription:
    """One subscriber of a hub. Close it by `close()` or a `with` block."""

    __slots__ = ("_hub", "callback", "prefix")

    def __init__(self, hub: Hub, prefix: str, callback: Subscriber) -> None:
        self._hub = hub
        self.prefix = prefix
        self.callback = callback

    def close(self) -> None:
        """Stop listening; twice is fine."""
        self._hub._remove(self)

    def matches(self, name: str) -> bool:
        """Whether the event `name` stands under this subscription's prefix, dot by dot."""
        return not self.prefix or name == self.prefix or name.startswith(self.prefix + ".")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Subscription {self.prefix or '*'} {_name_of(self.callback)}>"


@final
class Hub:
    """Carries events of one System from its runtime to subscribers.

    Subscribers run one after the other in the order they subscribed, on the emitter's loop, never
    inside a process's death. One that raises is detached and reported by a log record and a
    `SubscriberFailed` event; the emitter and the other subscribers never notice.
    """

    __slots__ = ("_by_type", "_subscriptions", "_time", "_types", "wanted")

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self._types: set[type[Event]] = set(EVENT_TYPES)
        self._subscriptions: tuple[Subscription, ...] = ()
        self._by_type: dict[type[Event], tuple[Subscription, ...]] = {}
        self.wanted: set[type[Event]] = set()
        """Event types that somebody listens to; emitters ask it before they build an event."""

    def subscribe(self, prefix: str, callback: Subscriber) -> Subscription:
        """Call `callback` with every event whose name is `prefix` or stands under it.

        Args:
            prefix: `"process"`, `"process.exited"`, or `""` for all.
            callback: a plain function; it must not block.
        """
        subscription = Subscription(self, prefix, callback)
        self._subscriptions = (*self._subscriptions, subscription)
        self._index()
        return subscription

    def subscriptions(self) -> tuple[Subscription, ...]:
        """All subscriptions, oldest first."""
        return self._subscriptions

    def emit(self, event: Event) -> None:
        """Give `event` to its subscribers. An event type of a user's own is known from its first emit."""
        kind = type(event)
        if kind not in self._types:
            self._types.add(kind)
            self._index()
        for subscription in self._by_type.get(kind, ()):
            try:
                subscription.callback(event)
            except Exception as error:  # a subscriber is foreign code: whatever it raises is its own
                self._detach(subscription, event, error)

    @contextmanager
    def span(self, name: str, **metadata: object) -> Iterator[None]:
        """Emit `span.started`, and `span.stopped` or `span.failed` with the seconds between."""
        begun = self._time()
        if SpanStarted in self.wanted:
            self.emit(SpanStarted(at=begun, span=name, metadata=metadata))
        try:
            yield
        except BaseException as error:
            now = self._time()
            if SpanFailed in self.wanted:
                self.emit(SpanFailed(at=now, span=name, metadata=metadata, seconds=now - begun, error=repr(error)))
            raise
        now = self._time()
        if SpanStopped in self.wanted:
            self.emit(SpanStopped(at=now, span=name, metadata=metadata, seconds=now - begun))

    def _detach(self, subscription: Subscription, event: Event, error: Exception) -> None:
        subscription.close()
        subscriber = _name_of(subscription.callback)
        _log.error("event subscriber %s raised at %s and is detached", subscriber, event.name, exc_info=error)
        if SubscriberFailed in self.wanted:
            self.emit(SubscriberFailed(at=self._time(), subscriber=subscriber, event=event.name, error=repr(error)))

    def _remove(self, subscription: Subscription) -> None:
        self._subscriptions = tuple(s for s in self._subscriptions if s is not subscription)
        self._index()

    def _index(self) -> None:
        found = {t: tuple(s for s in self._subscriptions if s.matches(t.name)) for t in self._types}
        self._by_type = {t: subscriptions for t, subscriptions in found.items() if subscriptions}
        self.wanted.clear()
        self.wanted.update(self._by_type)


def _name_of(callback: Subscriber) -> str:
    return str(getattr(callback, "__qualname__", None) or repr(callback))
