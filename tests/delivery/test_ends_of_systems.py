"""Sends that are under way when their System ends: nobody waits for ever, and nothing holds the end up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import regrow as rg
from regrow.errors import JournalNotRunning, SystemFailed
from regrow.testing import pass_time as pause
from regrow.testing import run_virtual
from tests.delivery.durable_kit import Box, ports


async def by_stop(system: rg.System) -> None:
    await system.stop()


async def by_kill(system: rg.System) -> None:
    system.kill()
    await system.wait()


async def by_failure(system: rg.System) -> None:
    system.ref("fragile", Box).kill()
    with pytest.raises(SystemFailed):
        await system.wait()


Ending = Callable[[rg.System], Awaitable[None]]
ENDINGS = pytest.mark.parametrize("end", [by_stop, by_kill, by_failure])


async def started(journal: rg.Journal) -> rg.System:
    children = [rg.child(Box, name="box"), rg.child(Box, name="fragile", id="fragile")]
    system = rg.System(children, services=[journal], ports=ports(), max_restarts=0)
    await system.start()
    return system


def send(system: rg.System, name: str, **options: Any) -> asyncio.Task[rg.Delivery[str]]:
    to = system.ref(name, Box)
    return asyncio.ensure_future(rg.supervised_send(to, Box.wait(3.0), timeout=60.0, **options))


@ENDINGS
@pytest.mark.parametrize("options", [{}, {"delay": 1.0}], ids=["now", "delayed"])
@pytest.mark.parametrize("name", ["box", "nobody"])
def test_who_waits_for_a_handler_is_told_that_it_is_accepted(
    name: str, options: dict[str, Any], end: Ending
) -> None:
    async def body() -> None:
        journal = rg.Journal.in_memory()
        system = await started(journal)
        sent = send(system, name, durable=True, **options)
        await pause(0.5)
        await end(system)
        assert (await asyncio.wait_for(sent, 1.0)).status == "accepted"
        system = await started(journal)
        assert (await journal.conservation()).live == 1
        await system.stop()

    run_virtual(body())


@ENDINGS
def test_what_was_to_be_a_dead_letter_is_one_or_its_sender_is_told(end: Ending) -> None:
    async def body() -> None:
        journal = rg.Journal.in_memory()
        system = await started(journal)
        backoff = rg.ExponentialBackoff(base=2.0, cap=5.0, jitter="none")
        options: dict[str, Any] = {"on_error": "dead_letter", "retries": 3, "backoff": backoff}
        sent = [send(system, name, **options) for name in ("box", "nobody")]
        await pause(0.5)
        await end(system)
        ends = await asyncio.wait_for(asyncio.gather(*sent, return_exceptions=True), 1.0)
        buried = [one for one in ends if not isinstance(one, JournalNotRunning)]
        assert all(isinstance(one, rg.Delivery) and one.status == "dead_lettered" for one in buried)
        system = await started(journal)
        assert (await journal.conservation()).dead == len(buried)
        await system.stop()

    run_virtual(body())
