"""Events in tests: `assert_event`, `refute_event` and `capture_events`."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from typing import TypeAlias, TypeVar, cast, final, overload

from typing_extensions import override

from regrow.core.event import Event
from regrow.core.show import shower
from regrow.delivery.deadletters.events import DEAD_LETTER_EVENTS
from regrow.errors.observing import BadEvents, EventMissing, EventUnwanted, WhichSystem, WrongOrder
from regrow.runtime.process import current_process
from regrow.runtime.steps import steps_of
from regrow.runtime.system import System
from regrow.testing.waiting.attempts import check_answer, describe
from regrow.testing.waiting.watch import checked_seconds, until
from regrow.testing.waiting.world import systems_here

E = TypeVar("E", bound=Event)

EventKind: TypeAlias = type[Event] | str
"""An event class, or the beginning of dotted names: `rg.events.Restarted`, `"supervisor"`."""
Where: TypeAlias = Callable[[Event], object] | Mapping[str, object]
"""Which events of a kind: a predicate, or what their fields have to be equal to."""

__all__ = ("EventKind", "Events", "Where", "assert_event", "capture_events", "refute_event")


@asynccontextmanager
async def assert_event(
    *kinds: EventKind,
    where: Where | None = None,
    count: int | None = 1,
    timeout: float = 1.0,
    system: System | None = None,
) -> AsyncGenerator[Events]:
    """Have every one of `kinds` come during the block, or at the latest `timeout` seconds after it.

    ::

        async with rt.assert_event(rg.events.Restarted, where={"child_id": "counter"}) as seen:
            counter.cast(Counter.crash())
        assert seen[0].attempts == 1

    All are listened for before the block begins, and no longer than until it is over. If the block raises,
    that is what the test fails with. Events are per System: those of other Systems are never seen.

    Args:
        kinds: Event classes, or beginnings of dotted names, up to a dot.
        where: Which events of these kinds are meant: a dict of fields and the values they are equal to, or a
            predicate. Default: all.
        count: How often each kind has to come: exactly so often until the block is left. None for at
            least once. Default 1.
        timeout: Seconds of the loop's time that are waited after the block, default 1.0.
        system: Whose events, also before it is started. Default: the System of the process that this
            runs in, else the only one on this loop.

    Yields:
        The events that are meant, as they come.

    Raises:
        EventMissing: One did not come, or not so often.
        EventUnwanted: One came more often.
        BadEvents: There is no such kind, or field, and so nothing would be tested.
        WhichSystem: There is no System on this loop, or more than one.
        BadWait: The timeout is no such number.
    """
    seconds = checked_seconds("timeout", timeout)
    if count is not None and (type(count) is not int or count < 1):
        raise BadEvents(count, "count is a whole number from 1, or None for at least once")
    if "" in kinds:
        raise BadEvents("", "it stands for any event at all, and some event always comes: name the one meant")
    seen = _events(kinds, where, system)
    least = count or 1
    with seen.listening():
        yield seen
        seen.flush()
        if not await until(lambda: not seen.missing(least), seconds):
            raise EventMissing(
                seen.missing(least), least, seconds, where=seen.where_text, others=seen.others()
            )
        seen.flush()
        if count is not None:
            seen.check_at_most(count)


@asynccontextmanager
async def refute_event(
    *kinds: EventKind, where: Where | None = None, for_: float = 0.0, system: System | None = None
) -> AsyncGenerator[Events]:
    """Have none of `kinds` come during the block, nor for `for_` seconds after it.

    Args:
        kinds: As in `assert_event`.
        where: As there.
        for_: Seconds of the loop's time to go on listening after the block, default 0.0; on virtual time
            they cost nothing.
        system: As there.

    Yields:
        The events that are meant, none as long as all is well.

    Raises:
        EventUnwanted: One came: at the end of the block, or at once after it.
        BadEvents, WhichSystem: As in `assert_event`.
        BadWait: `for_` is no such number.
    """
    seconds = 0.0 if for_ == 0 and not isinstance(for_, bool) else checked_seconds("for_", for_)
    seen = _events(kinds, where, system)
    with seen.listening():
        yield seen
        seen.flush()
        if not len(seen) and seconds:
            await until(lambda: bool(len(seen)), seconds)
        seen.flush()
        seen.check_at_most(0)


@asynccontextmanager
async def capture_events(
    *kinds: EventKind, where: Where | None = None, system: System | None = None
) -> AsyncGenerator[Events]:
    """Note the events of `kinds` that come during the block.

    Args:
        kinds: As in `assert_event`; none for all events.
        where: As there.
        system: As there.

    Yields:
        The events, as they come; after the block all that happened in it.

    Raises:
        BadEvents, WhichSystem: As in `assert_event`.
    """
    seen = _events(kinds or ("",), where, system)
    with seen.listening():
        yield seen
        seen.flush()


def _events(kinds: tuple[EventKind, ...], where: Where | None, system: System | None) -> Events:
    if not kinds:
        raise BadEvents(kinds, "name at least one kind of event: with none nothing would be tested")
    return Events(
        _system_here() if system is None else _checked(system), [_Kind(kind, where) for kind in kinds], where
    )


def _checked(system: object) -> System:
    if not isinstance(system, System):
        raise BadEvents(system, "system is a System")
    return system


def _system_here() -> System:
    process = current_process.get(None)
    if process is not None and process.engine.running and process.engine.system is not None:
        return process.engine.system
    systems = systems_here()
    if len(systems) != 1:
        raise WhichSystem([system.name for system in systems])
    return systems[0]


@final
class Events(Sequence[Event]):
    """The events that a block has seen so far, oldest first. Made by `assert_event` and its kin."""

    def __init__(self, system: System, kinds: Sequence[_Kind], where: Where | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._system = system
        self._kinds = kinds
        self._where = where
        self._came: list[Event] = []
        self._sifted = 0
        self._meant: list[Event] = []
        self._others: list[Event] = []

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Event]: ...
    @override
    def __getitem__(self, index: int | slice) -> Event | Sequence[Event]:
        return self._sift()[index]

    @override
    def __len__(self) -> int:
        return len(self._sift())

    @override
    def __repr__(self) -> str:
        return f"<Events {self._sift()!r}>"

    def of(self, kind: type[E]) -> list[E]:
        """Those that are of one class, as such."""
        return [event for event in self._sift() if isinstance(event, kind)]

    def assert_order(self, *kinds: EventKind) -> None:
        """Fail unless one event of each of `kinds` came, in this order; others may lie in between.

        Raises:
            WrongOrder: They didn't.
            BadEvents: There are fewer than two, or there is no such kind.
        """
        if len(kinds) < 2:
            raise BadEvents(kinds, "an order is of two kinds of events or more")
        wanted = [_Kind(kind, None) for kind in kinds]
        events = iter(self._sift())
        for came, kind in enumerate(wanted):
            if not any(kind.covers(event) for event in events):
                raise WrongOrder([one.text for one in wanted], came, _texts(self._sift()))

    # -- for the functions above ---------------------------------------------------------------

    def listening(self) -> ExitStack:
        """A block in which it listens."""
        stack = ExitStack()
        for prefix in sorted({prefix for kind in self._kinds for prefix in kind.prefixes}):
            stack.enter_context(self._system.events.subscribe(prefix, self._take))
        return stack

    def flush(self) -> None:
        """Take in what has happened and has not been given out yet."""
        self._system.events.flush()

    def missing(self, least: int) -> dict[str, int]:
        """How often each kind came that came too seldom."""
        times = {kind.text: self._times(kind) for kind in self._kinds}
        return {text: number for text, number in times.items() if number < least}

    def check_at_most(self, most: int) -> None:
        """Raise EventUnwanted if a kind came more often."""
        for kind in self._kinds:
            if self._times(kind) > most:
                events = [event for event in self._sift() if kind.covers(event)]
                raise EventUnwanted(kind.text, _texts(events), wanted=most, where=self.where_text)

    def others(self) -> list[str]:
        """Events of these kinds that are not meant, as texts."""
        self._sift()
        return _texts(self._others)

    @property
    def where_text(self) -> str:
        """Which events are meant, for people."""
        where = self._where
        if where is None:
            return ""
        if callable(where):
            return f", where {describe(where)}"
        return f", where {', '.join(f'{name}={_show(value)}' for name, value in where.items())}"

    def _take(self, event: Event) -> None:
        if self._came and self._came[-1] is event:
            return  # by another of the subscriptions
        self._came.append(event)
        steps = steps_of(self._loop)
        if steps.looks:
            steps.over_soon(self._loop)  # it is nobody's step, and somebody may wait for it

    def _times(self, kind: _Kind) -> int:
        return sum(kind.covers(event) for event in self._sift())

    def _sift(self) -> list[Event]:
        """Those that are meant. The predicate is called here, where what it raises reaches the test."""
        while self._sifted < len(self._came):
            event = self._came[self._sifted]
            if any(kind.covers(event) for kind in self._kinds):
                (self._meant if self._is_meant(event) else self._others).append(event)
            self._sifted += 1
        return self._meant

    def _is_meant(self, event: Event) -> bool:
        where = self._where
        if where is None:
            return True
        if callable(where):
            answer = where(event)
            check_answer(answer)
            return bool(answer)
        missing = object()
        return all(getattr(event, name, missing) == value for name, value in where.items())


@final
class _Kind:
    """One kind of events that is asked for."""

    def __init__(self, kind: object, where: Where | None) -> None:
        self._kind: EventKind
        known = _known()
        made = kind if isinstance(kind, type) else None
        if isinstance(kind, str):
            self._kind, self.text, self.prefixes = kind, kind or "any event", {kind}
            covered = [one for one in known if self._is_under(one.name)]
            if not covered:
                raise BadEvents(kind, f"it is no event's name{_hint(kind, known)}")
        elif made is not None and issubclass(made, Event):
            covered = [one for one in known if issubclass(one, made)]
            self._kind, self.text, self.prefixes = made, made.__name__, {one.name for one in covered}
        else:
            raise BadEvents(kind, "give an event class, such as rg.events.Restarted, or a dotted name")
        self._check_fields(covered, where)

    def covers(self, event: Event) -> bool:
        """Whether `event` is of this kind."""
        return self._is_under(event.name) if isinstance(self._kind, str) else isinstance(event, self._kind)

    def _is_under(self, name: str) -> bool:
        prefix = cast("str", self._kind)
        return not prefix or name == prefix or name.startswith(prefix + ".")

    def _check_fields(self, covered: Sequence[type[Event]], where: Where | None) -> None:
        if where is None or callable(where):
            return
        fields = sorted({field for one in covered for field in one.__struct_fields__})
        for name in where:
            if name not in fields:
                raise BadEvents(where, f"{self.text} has no field {name!r}; it has: {', '.join(fields)}")


def _known() -> list[type[Event]]:
    """All event classes there are, users' own included."""
    found: list[type[Event]] = [Event, *DEAD_LETTER_EVENTS]
    for one in found:
        found += (below for below in one.__subclasses__() if below not in found)
    return found


def _hint(kind: str, known: Sequence[type[Event]]) -> str:
    names = {part for one in known for part in _beginnings(one.name)}
    near = difflib.get_close_matches(kind, sorted(names), n=1)
    return f"; did you mean {near[0]!r}?" if near else ", nor the beginning of one up to a dot"


def _beginnings(name: str) -> Iterator[str]:
    parts = name.split(".")
    yield from (".".join(parts[: count + 1]) for count in range(len(parts)))


_show = shower(None)


def _texts(events: Sequence[Event]) -> list[str]:
    return [f"{event.at:g} s: {event.name} {_show(event)}" for event in events]
