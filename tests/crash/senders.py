"""The load: 32 senders that send what the plan says, one after the other."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import regrow as rg
from tests.crash import plan
from tests.crash.receivers import Ledger, Worker, World
from tests.crash.wire import tell

PATIENCE = 1.0
"""Seconds that a sender waits for a message to be handled; it stays accepted if it takes longer."""
BACKOFF = rg.ExponentialBackoff(base=0.005, cap=0.05)


async def send_for_ever(world: World, sender: int, first: int) -> None:
    """One sender: its operations from `first` on."""
    number = first
    while True:
        await send(world, plan.operation(world.seed, sender, number))
        number += 1


async def send(world: World, operation: plan.Operation, *, again: bool = False) -> None:
    """Send one operation, and tell the parent what came of it as soon as it is known.

    One that is sent again doesn't wait to be handled: a kill before that would leave it in doubt for ever.
    """
    world.busy += 1
    try:
        for delivery in await _deliveries(operation, again=again):
            tell("accepted", plan.owed(operation.name, str(delivery.recipient)), delivery.status, world.busy)
    except Exception as error:  # noqa: BLE001  # whatever it is, the parent must hear of it
        tell("failed", operation.owed[0], type(error).__name__, error)
    finally:
        world.busy -= 1


async def _deliveries(operation: plan.Operation, *, again: bool) -> list[rg.Delivery[Any]]:
    message = Worker.take(operation.name)
    if operation.kind == "effect":
        return [
            await rg.supervised_send(
                plan.LEDGER,
                Ledger.book(operation.name),
                timeout=PATIENCE,
                durable=True,
                ack="handled" if operation.chance % 2 and not again else "accepted",
                on_error="dead_letter",
                idempotency_key=operation.name,
            )
        ]
    if operation.kind == "unheard":
        return [await rg.supervised_send(plan.NOBODY, message, timeout=0.1, on_error="dead_letter")]
    sends = (
        rg.supervised_send(
            recipient,
            message,
            timeout=PATIENCE,
            durable=True,
            ack="handled" if operation.kind == "handled" else "accepted",
            retries=plan.RETRIES,
            backoff=BACKOFF,
            on_error=_on_error(operation),
            ordering_key=f"sender-{operation.sender}" if operation.kind == "lane" else None,
            delay=operation.chance % 100 / 1000 if operation.kind == "delayed" else None,
            expires_in=0.02 if operation.kind == "expiring" else None,
        )
        for recipient in operation.recipients
    )
    return await asyncio.gather(*sends)


def _on_error(operation: plan.Operation) -> Literal["ignore", "dead_letter"]:
    return "ignore" if operation.fate == "ignored" else "dead_letter"
