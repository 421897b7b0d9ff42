"""Places in a mailbox that are reserved before there is a message to put there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar, final

from regrow.core.messages import CastMessage
from regrow.errors import BadReservation, NoProcess, PlaceTimeout
from regrow.runtime.items import Info
from regrow.runtime.process import DEAD, Process

if TYPE_CHECKING:
    from typing import Self

    from regrow.runtime.pid import Timeout

S_co = TypeVar("S_co", covariant=True)


@final
class Reservation(Generic[S_co]):
    """A place in a mailbox that nobody else can take. Use it once: `commit`, `send` or `release`.

    It ends with its process, and at the deadline that `reserve` was given. A `with` block releases
    it if nothing was put there. Made by `await ref.reserve(timeout=...)`.
    """

    __slots__ = ("_places", "_state", "_target", "_timer")

    def __init__(self, target: Process, seconds: float, places: int = 1) -> None:
        self._target = target
        self._places = places
        self._state = "held"
        self._timer = target.engine.timers.internal(seconds, self._expire)

    @property
    def held(self) -> bool:
        """Whether the place can still be used."""
        return self._state == "held" and self._target.status != DEAD

    def commit(self, message: CastMessage[S_co]) -> None:
        """Put a cast into the place.

        Raises:
            BadReservation: It was used, released or has expired, or its process has ended.
            WrongServer: The message is not for this server class; the place is still held.
        """
        self._check()
        self._target.blueprint.cast_entry(message)
        self._put(message)

    def send(self, message: object) -> None:
        """Put anything into the place, as an info. Raises `BadReservation` as `commit` does."""
        self._check()
        self._put(Info(message))

    def release(self) -> None:
        """Give the place back; twice is fine."""
        if self._state == "held":
            self._end("released")
            self._target.engine.sends.grant_places(self._target)

    def use(self) -> None:
        """Leave the places free for who puts something there in this very step, for the runtime."""
        if self._state == "held":
            self._end("used")

    @property
    def target(self) -> Process:
        """Whose place it is, for the runtime."""
        return self._target

    def _check(self) -> None:
        self._target.engine.check_here("commit")
        if not self.held:
            gone = "gone with its process"
            raise BadReservation(self._target, gone if self._state == "held" else self._state)

    def _put(self, item: object) -> None:
        self._end("used")
        self._target.engine.sends.before_signal(self._target)
        self._target.engine.scheduler.enqueue(self._target, item)

    def _end(self, state: str) -> None:
        self._state = state
        self._timer.cancel()
        self._target.room += self._places

    def _expire(self) -> None:
        if self._state == "held":
            self._end("expired")
            self._target.engine.sends.grant_places(self._target)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.release()

    def __repr__(self) -> str:
        gone = self._state == "held" and not self.held
        return f"<Reservation at {self._target}: {'gone' if gone else self._state}>"


async def reserve(target: Process, timeout: Timeout, *, places: int = 1) -> Reservation[object]:
    """See `Address.reserve`. Several `places` come all at once, or not."""
    engine = target.engine
    engine.check_here("reserve")
    seconds = engine.timeouts.resolve(timeout)
    if target.status == DEAD:
        raise NoProcess(target)
    if target.has_room(places):
        target.room -= places
        return Reservation(target, seconds, places)
    deadline = engine.loop.time() + seconds
    place: asyncio.Future[None] = engine.loop.create_future()
    timer = engine.timers.fail_after(seconds, place, lambda: PlaceTimeout(target, seconds))
    engine.sends.wait_for_place(target, place, places)
    try:
        await place
    except asyncio.CancelledError:
        if place.done() and not place.cancelled() and place.exception() is None:
            target.room += places  # granted in the same moment
            engine.sends.grant_places(target)
        raise
    finally:
        timer.cancel()
        engine.sends.wait_no_more(target, place)
    return Reservation(target, max(deadline - engine.loop.time(), 0.0), places)
