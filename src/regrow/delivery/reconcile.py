"""Whether a message may be handled again, and who knows whether it has been handled."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from regrow.core.messages import Message
from regrow.delivery.outbox import log

if TYPE_CHECKING:
    from regrow.core.deliveries import CurrentDelivery, Reconciler
    from regrow.core.handler import Handler
    from regrow.runtime.engine import Engine
    from regrow.runtime.process import Process

__all__ = ("handler_of", "reconciled")

Verdict = Callable[["bool | None"], object]


def handler_of(message: object, process: Process | None) -> Handler | None:
    """The handler of `message` in the class of `process`, overrides included; None for an info."""
    server = process.blueprint.server if process is not None else None
    if server is None or not isinstance(message, Message):
        return None
    return message.__handler__.resolve(server).handler


def reconciled(
    engine: Engine, reconcile: Reconciler, delivery: CurrentDelivery, message: object, verdict: Verdict
) -> None:
    """Ask whether the handling that was cut short has happened, and tell `verdict`."""
    task = engine.own_task(_ask(reconcile, delivery, message), "reconcile")
    engine.see_off(task)  # a stop waits for it
    task.add_done_callback(partial(_told, verdict), context=engine.contexts.base)


async def _ask(reconcile: Reconciler, delivery: CurrentDelivery, message: object) -> bool | None:
    try:
        found = reconcile(delivery, message)
        answer: object = await found if inspect.isawaitable(found) else found
    except Exception:  # noqa: BLE001  # foreign code: whatever it raises, nobody knows
        log.exception("reconcile hook %r raised: the outcome stays unknown", reconcile)
        return None
    return answer if isinstance(answer, bool) else None


def _told(verdict: Verdict, task: asyncio.Task[bool | None]) -> None:
    verdict(None if task.cancelled() else task.result())
