"""`regrow journal`, and both groups of commands through a running owner."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import regrow as rg
from regrow.cli.exits import ExitCode
from tests.cli.kit import Done, make_journal, regrow
from tests.deadletters.kit import Bench


async def nothing(bench: Bench) -> None: ...


class Till(rg.GenServer):
    """Takes what it gets, once it is mended."""

    mended = False

    @rg.call
    def pay(self, amount: int, card_token: str) -> int:
        if not Till.mended:
            raise RuntimeError("no change")
        return amount


def test_check_backup_vacuum_stats_on_a_file(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    make_journal(path, lambda bench: bench.many(3))
    assert regrow("journal", "check", path) == Done(0, "all is well\n", "")
    assert regrow("journal", "check", path, "--json").document == {"ok": True, "problems": []}
    copy = tmp_path / "copy.db"
    assert regrow("journal", "backup", path, copy).code == 0
    copied: Any = regrow("dlq", "stats", copy, "--json").document["stats"]
    assert copied["depth"] == 3
    again = regrow("journal", "backup", path, copy)
    assert (again.code, again.out) == (ExitCode.BAD_USE, "")
    assert str(copy) in again.err
    assert set(regrow("journal", "vacuum", path, "--json").document) == {"bytes_before", "bytes_after"}
    shown = regrow("journal", "stats", path)
    assert "accepted     3" in shown.out
    assert shown.out.rstrip().endswith("balanced")


def test_a_damaged_file_is_a_finding_or_refused_never_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    make_journal(path, lambda bench: bench.many(200))
    data = bytearray(path.read_bytes())
    data[8192:12288] = bytes(4096)
    path.write_bytes(data)
    done = regrow("journal", "check", path)
    assert done.code in (ExitCode.FINDINGS, ExitCode.BAD_USE)
    assert "Traceback" not in done.err


def beside_a_running_owner(path: Path, commands: Callable[[], None]) -> None:
    """Run commands in a thread while a program with two dead letters owns the journal."""

    async def body() -> None:
        children = [rg.child(Till, name="till")]
        Till.mended = False
        async with (
            rg.System(children, services=[rg.Journal(path)], max_restarts=100) as system,
            system.guest(),
        ):
            for amount in (1, 2):
                delivery = await rg.supervised_send(
                    "till", Till.pay(amount, "4711"), timeout=30, durable=True, on_error="dead_letter"
                )
                assert delivery.status == "dead_lettered"
            await asyncio.to_thread(commands)
            await system.idle()

    asyncio.run(body())


def test_commands_go_through_the_owner(tmp_path: Path) -> None:
    path = tmp_path / "app.db"

    def commands() -> None:
        state: Any = regrow("journal", "stats", path, "--json").document["journal"]
        assert (state["running"], state["counts"]["dead"], state["balanced"]) == (True, 2, True)
        shown: Any = regrow("dlq", "show", path, 1, "--json").document["letter"]
        assert shown["contents"] == {"amount": 1, "card_token": "[redacted]"}
        assert [one["outcome"] for one in shown["history"]] == ["crash"] * 3
        edited = regrow("dlq", "edit", path, 1, "--set", "amount=5", "--actor", "ann")
        assert (edited.code, edited.err) == (0, "")
        refused = regrow("dlq", "edit", path, 1, "--set", 'amount="five"')
        assert (refused.code, "Expected `int`" in refused.err) == (ExitCode.BAD_USE, True)
        assert regrow("dlq", "show", path, 99).code == ExitCode.NO_SUCH_THING
        assert regrow("dlq", "list", path, "--reason", "x").code == ExitCode.BAD_USE
        assert regrow("journal", "check", path).code == 0
        assert regrow("journal", "backup", path, tmp_path / "copy.db").code == 0
        assert regrow("journal", "vacuum", path).code == 0
        exported = regrow("dlq", "export", path)
        assert len(exported.out.splitlines()) == 2
        again = regrow("dlq", "import", path, _file(tmp_path, exported.out))
        assert (again.code, again.out) == (ExitCode.FINDINGS, "0 dead letters imported, 2 lines refused\n")

        Till.mended = True
        done = regrow("dlq", "redrive", path, "--canary", 1, "--yes", "--actor", "ann")
        assert (done.code, done.out) == (0, "redrive 1 is done: 2 moved, 2 handled, 0 dead again\n")
        state = regrow("journal", "stats", path, "--json").document["journal"]
        assert (state["counts"]["done"], state["counts"]["dead"]) == (2, 0)

    beside_a_running_owner(path, commands)


def test_a_redrive_that_stops_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "app.db"

    def commands() -> None:
        done = regrow("dlq", "redrive", path, "--canary", 1, "--dest", "till")
        assert (done.code, done.out) == (
            ExitCode.FINDINGS,
            "redrive 1 is stopped: 1 moved, 0 handled, 1 dead again\n",
        )
        purged = regrow("dlq", "purge", path, "--all", "--why", "closed for good", "--yes")
        assert purged.out == "2 dead letters are deleted\n"
        detached = regrow("dlq", "redrive", path, "--yes", "--detach", "--json")
        assert detached.code == 0

    beside_a_running_owner(path, commands)


def _file(directory: Path, text: str) -> Path:
    path = directory / "letters.jsonl"
    path.write_text(text)
    return path


@pytest.mark.parametrize("group", ["dlq", "journal"])
def test_help_names_every_command(group: str) -> None:
    done = regrow(group, "--help")
    assert done.code == 0
    assert "Examples:" in done.out
