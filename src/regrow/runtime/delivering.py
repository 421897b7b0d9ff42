"""The delivery that the present handler handles."""

from __future__ import annotations

from regrow.core.deliveries import CurrentDelivery, HandedOut, uuid7
from regrow.runtime.engine import Engine
from regrow.runtime.genserver import in_handler
from regrow.runtime.items import Request
from regrow.runtime.process import Process, current_process

FRESH = object()
"""Stands in `Engine.delivery` for a hand-off whose delivery nobody has asked about yet."""


def new_id(engine: Engine) -> bytes:
    """The id of one more delivery."""
    return uuid7(int(engine.ports.wall() * 1_000_000), engine.ports.random("deliveries"))


def fresh_delivery(engine: Engine) -> CurrentDelivery:
    """A first attempt with nothing but an id."""
    id = new_id(engine).hex()
    return CurrentDelivery(id=id, idempotency_key=id)


def current_delivery() -> CurrentDelivery | None:
    """The delivery of the supervised message that this handler handles.

    It is there in the handler itself, also after an `await`, and in a plain process from the `receive`
    that took the message to the next one; tasks that a handler starts are told by the handler.

    Returns:
        None if it is no supervised message, and outside of handlers.
    """
    process = current_process.get(None)
    if process is None:
        return None
    engine = process.engine
    if engine.handling is process and engine.delivery is not None:
        if engine.delivery is FRESH:
            engine.delivery = fresh_delivery(engine)
        found: object = engine.delivery
    else:
        found = _of(process)
    if isinstance(found, HandedOut):
        return found.current()
    return found if isinstance(found, CurrentDelivery) else None


def _of(process: Process) -> object:
    if not in_handler(process):
        return None
    if isinstance(process.current, Request):
        return process.current.delivery
    receipt = process.extras.receipt if process.extras is not None else None
    return receipt.delivery if receipt is not None else None
