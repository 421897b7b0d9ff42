"""Texts that aren't UTF-8, such as names of files in another encoding: no file can keep them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import regrow as rg
from regrow.errors import BadAddress, BadDeliveryOption
from regrow.errors.deadletters import BadDeadLetterFilter, BadDeadLetterOption
from regrow.errors.names import BadRegistrationName
from tests.delivery.durable_kit import Box, play

BAD = "caf\udce9"


class Reader(rg.GenServer):
    """Crashes with texts that it can do nothing about."""

    @rg.call
    def read(self, how: str) -> None:
        if how == "group":
            raise ExceptionGroup(BAD, [ValueError(BAD)])
        if how == "cancelled":
            raise asyncio.CancelledError(BAD)
        raise ValueError(f"can't read {BAD}")

    @rg.call
    def fine(self) -> str:
        return "fine"


def on_file(body: Any, folder: Path) -> None:
    journal = rg.Journal(folder / "app.db", sync="none", control=False)
    play(body, rg.child(Reader, name="reader"), journal=journal, max_restarts=10)


@pytest.mark.parametrize("how", ["error", "group", "cancelled"])
@pytest.mark.parametrize("options", [{"durable": True}, {"on_error": "dead_letter"}], ids=["durable", "not"])
def test_an_error_with_such_a_text_is_kept_with_it_escaped(
    how: str, options: dict[str, Any], tmp_path: Path
) -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        delivery = await rg.supervised_send("reader", Reader.read(how), timeout=60.0, **options)
        assert delivery.status == "dead_lettered"
        (letter,) = (await journal.dead_letters.list()).letters
        details = await journal.dead_letters.show(letter.id)
        assert "caf\\udce9" in str(letter.error)
        assert "caf\\udce9" in str(details.history[-1].trace)
        delivery = await rg.supervised_send("reader", Reader.fine(), timeout=60.0, durable=True)
        assert delivery.reply == "fine"

    on_file(body, tmp_path)


def test_a_sender_can_not_give_one(tmp_path: Path) -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        for option in ("idempotency_key", "ordering_key"):
            given: Any = {option: BAD, "durable": True}
            with pytest.raises(BadDeliveryOption, match=f"{option}=.*UTF-8"):
                await rg.supervised_send("reader", Reader.fine(), timeout=5.0, **given)
        for durable in (True, False):
            with pytest.raises(BadAddress):
                await rg.supervised_send(BAD, Reader.fine(), timeout=5.0, durable=durable)
        with pytest.raises(BadRegistrationName, match="UTF-8"):
            system.ref(BAD, Reader)
        assert (await journal.conservation()).accepted == 0

    on_file(body, tmp_path)


def test_nor_can_an_operator(tmp_path: Path) -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        letters = journal.dead_letters
        with pytest.raises(BadDeadLetterFilter, match=r"dest=.*UTF-8"):
            await letters.list(dest=BAD)
        with pytest.raises(BadDeadLetterOption, match=r"actor=.*UTF-8"):
            await letters.purge(why="they are old", actor=BAD, everything=True)
        with pytest.raises(BadDeadLetterOption, match=r"why=.*UTF-8"):
            await letters.purge(why=BAD, everything=True)
        with pytest.raises(BadDeadLetterOption, match="target="):
            await letters.redrive(target=BAD)
        assert (await letters.audit()) == ()

    on_file(body, tmp_path)


def test_a_child_is_not_called_so() -> None:
    with pytest.raises(rg.errors.BadChildName, match="UTF-8"):
        rg.child(Box, name=BAD)
