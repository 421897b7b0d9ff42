"""triotp: `main` inside a nursery for its servers, with its mailboxes made ready and its log switched off."""
# mypy: ignore-errors
# ruff: noqa: SLF001

from __future__ import annotations

import trio
from logbook import NullHandler
from triotp import mailbox


def drive(main):
    """Run `main(nursery)` and return what it returns; the nursery is cancelled then."""
    with NullHandler().applicationbound():
        return trio.run(_in_nursery, main)


async def _in_nursery(main):
    mailbox._init()
    async with trio.open_nursery() as nursery:
        outcome = await main(nursery)
        nursery.cancel_scope.cancel()
    return outcome
