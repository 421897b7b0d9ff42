"""Reads that take long: whoever asked may go away, the thread stays until it is done."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

import regrow as rg
from regrow.delivery.journal.store import Reader
from regrow.testing import run_virtual
from tests.delivery.durable_kit import inside, settled


@pytest.mark.parametrize("then", ["read", "stop"])
def test_a_read_whose_asker_has_gone_disturbs_nobody(tmp_path: Path, then: str) -> None:
    begun, go_on = threading.Event(), threading.Event()
    counted: list[int] = []

    def slow(reader: Reader) -> None:
        begun.set()
        assert go_on.wait(30)
        counted.append(reader.counts().accepted)

    async def let_go_on() -> None:
        """As soon as all the others wait."""
        await settled()
        go_on.set()

    async def main() -> None:
        journal = rg.Journal(tmp_path / "app.db", sync="process")
        async with rg.System([], services=[journal], name="reads"):
            asked = asyncio.ensure_future(inside(journal).read(slow))
            await asyncio.to_thread(begun.wait, 30)
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
            letting = asyncio.create_task(let_go_on())
            if then == "read":
                assert (await journal.conservation()).accepted == 0
                assert counted == [0]
        assert counted == [0]
        await letting

    run_virtual(main(), threads=True)
