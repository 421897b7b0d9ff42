"""`all_or_nothing`: a broadcast that everybody gets in one step, or nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from regrow.core.messages import Message
from regrow.errors import (
    MailboxStayedFull,
    NoProcess,
    NotSent,
    PlaceTimeout,
    ProcessExited,
    RegrowError,
)
from regrow.runtime.process import DEAD, Process
from regrow.runtime.reservations import Reservation, reserve

if TYPE_CHECKING:
    from regrow.delivery.casting import Casting
    from regrow.delivery.recipients import Recipient
    from regrow.delivery.sending import Sending
    from regrow.runtime.engine import Engine

__all__ = ("reach_all",)

Guilty: TypeAlias = "tuple[Recipient, RegrowError]"


async def reach_all(casting: Casting, engine: Engine) -> None:
    """Wait until all can be reached in one step, and make it; or let all fail."""
    await casting.prepare()
    sendings = casting.sendings
    guilty = await _committed(casting, sendings, engine)
    if guilty is not None:
        for sending in sendings:
            sending.refuse(NotSent(*guilty))
            if casting.slices.over:
                await casting.slices.next()


def _held_at(held: Reservation[object] | None) -> object:
    return held.target if held is not None and held.held else None


async def _committed(casting: Casting, sendings: list[Sending], engine: Engine) -> Guilty | None:
    """Why it could not be done, None if it was."""
    held: Reservation[object] | None = None
    try:
        while True:
            wanted = _wanted(casting, sendings, engine)
            if not isinstance(wanted, dict):
                return wanted
            mine = _held_at(held)
            # All wait for the same one first, so that two broadcasts don't lock each other out.
            full = min(
                (one for one, count in wanted.items() if one is not mine and not one.has_room(count)),
                key=lambda one: one.serial,
                default=None,
            )
            if full is None:
                if held is not None:
                    held.use()
                casting.commit()
                return None
            if held is not None:
                held.release()
                held = None
            place = await _place(casting, engine, full, wanted[full])
            if isinstance(place, RegrowError):
                return next(to for to in casting.addresses if to in (full, full.name)), place
            held = place
    finally:
        if held is not None:
            held.release()


def _wanted(casting: Casting, sendings: list[Sending], engine: Engine) -> dict[Process, int] | Guilty:
    """How many places are needed where, if all are there and may be sent to."""
    message = casting.message
    wanted: dict[Process, int] = {}
    for sending in sendings:
        to = sending.parcel.to
        process = engine.names.get(to) if isinstance(to, str) else to
        if process is None or process.status == DEAD:
            return to, NoProcess(to)
        refusal = sending.refusal(process)
        if refusal is not None:
            return to, refusal
        if isinstance(message, Message):
            process.blueprint.entry(message)
        wanted[process] = wanted.get(process, 0) + 1
    return wanted


async def _place(
    casting: Casting, engine: Engine, process: Process, wanted: int
) -> Reservation[object] | RegrowError:
    """Stand in line for all places wanted with `process`: one by one they may never come together."""
    left = casting.deadline - engine.loop.time()
    possible = wanted <= (process.blueprint.capacity or engine.settings.mailbox_capacity)
    stayed_full = MailboxStayedFull(process, process.room, casting.seconds)
    if left <= 0 or not possible:
        return stayed_full
    try:
        return await reserve(process, left, places=wanted)
    except PlaceTimeout:
        return stayed_full
    except (ProcessExited, NoProcess) as error:
        return error
