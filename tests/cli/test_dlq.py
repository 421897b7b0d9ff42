"""`regrow dlq` on a file whose owner doesn't run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from regrow.cli.exits import ExitCode
from regrow.delivery.control.sockets import socket_path
from regrow.delivery.journal.rows import Attempt
from regrow.delivery.journal.sqlite import SqliteStore
from tests.cli.kit import Done, make_journal, regrow
from tests.deadletters.kit import SECOND, START_US, Bench, Item, Shop

TRY = Attempt(
    boot=1,
    started_us=START_US,
    ended_us=START_US + SECOND,
    outcome="error",
    error_type="ValueError",
    error="no tea",
    trace="Traceback (most recent call last):\n  ...\nValueError: no tea",
)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "app.db"

    async def fill(bench: Bench) -> None:
        await bench.bury(Shop.order(Item("tea"), 2), attempts=[TRY], key="k-1", metadata={"token": "t"})
        await bench.bury(Shop.login("eve", "hunter2"), reason="crash_loop", fingerprint=2, dest="door")
        await bench.bury(
            {"n": 1}, fingerprint=2, dest="door", reason="crash_loop", error="\x1b[31mred\nalert"
        )

    make_journal(path, fill)
    return path


def ids(done: Done) -> list[int]:
    assert done.code == 0, done.err
    letters: Any = done.document["letters"]
    return [letter["id"] for letter in letters]


def test_list_shows_a_line_each(journal: Path) -> None:
    done = regrow("dlq", "list", journal)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].split() == ["ID", "DIED", "DEST", "TYPE", "REASON", "ERROR"]
    assert lines[1].split() == [
        "1",
        "2023-11-14",
        "22:13:20Z",
        "shop",
        "tests.deadletters.kit:Shop.order",
        "max_attempts",
        "no",
        "such",
        "item",
    ]
    assert len(lines) == 4


def test_nothing_in_a_dead_letter_reaches_the_terminal_as_a_command(journal: Path) -> None:
    for command in (["list"], ["show"], ["groups"], ["stats"]):
        done = regrow("dlq", *command, journal, *([3] if command == ["show"] else []))
        assert "\x1b" not in done.out
    assert "\\x1b[31mred alert" in regrow("dlq", "list", journal).out


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ([], [1, 2, 3]),
        (["--dest", "door"], [2, 3]),
        (["--type", "tests.deadletters.kit:Shop.order"], [1]),
        (["--reason", "crash_loop"], [2, 3]),
        (["--error-type", "builtins:ValueError"], [1, 2, 3]),
        (["--fingerprint", "0000000000000002"], [2, 3]),
        (["--key", "k-1"], [1]),
        (["--status", "quarantined"], []),
        (["--older-than", "7d"], [1, 2, 3]),
        (["--newer-than", "90m"], []),
        (["--since", "2023-11-14T22:13:20+00:00"], [1, 2, 3]),
        (["--until", "2023-11-14T22:13:19+00:00"], []),
        (["--id", "3", "--id", "1"], [1, 3]),
        (["--limit", "2"], [1, 2]),
    ],
)
def test_conditions_choose(options: list[str], found: list[int], journal: Path) -> None:
    assert ids(regrow("dlq", "list", journal, "--json", *options)) == found


def test_pages_follow_each_other(journal: Path) -> None:
    first = regrow("dlq", "list", journal, "--limit", 2)
    assert "there are more: --after " in first.err
    token = first.err.split()[-1]
    assert ids(regrow("dlq", "list", journal, "--json", "--after", token)) == [3]
    assert regrow("dlq", "list", journal, "--json", "--limit", 2).document["next"] == token


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["list", "--reason", "bad luck"], ExitCode.BAD_USE, "the reasons are"),
        (["list", "--older-than", "soon"], ExitCode.BAD_USE, "is no duration"),
        (["list", "--since", "soon"], ExitCode.BAD_USE, "is no time"),
        (["list", "--fingerprint", "x"], ExitCode.BAD_USE, "16 hexadecimal digits"),
        (["list", "--limit", "0"], ExitCode.BAD_USE, "from 1 to 1,000"),
        (["list", "--after", "x"], ExitCode.BAD_USE, "the page before"),
        (["groups", "--key", "k-1"], ExitCode.BAD_USE, "use list"),
        (["show", "99"], ExitCode.NO_SUCH_THING, "no dead letter 99"),
        (["retry", "99"], ExitCode.NO_SUCH_THING, "no dead letter 99"),
        (["redrives", "--pause", "9"], ExitCode.NO_SUCH_THING, "no redrive 9"),
        (["edit", "2", "--set", "user"], ExitCode.BAD_USE, "NAME=JSON"),
        (["edit", "2", "--set", "user=eve"], ExitCode.BAD_USE, "is no JSON"),
        (["edit", "2"], ExitCode.BAD_USE, "or else a value or a note"),
        (["edit", "2", "--set", "user=3"], ExitCode.BAD_USE, "Expected `str`, got `int`"),
        (["quarantine", "zz"], ExitCode.BAD_USE, "16 hexadecimal digits"),
        (["purge", "--why", "x"], ExitCode.BAD_USE, "say which, by conditions, or --all"),
        (["purge", "--dest", "door"], ExitCode.BAD_USE, "Missing option '--why'"),
        (["redrive", "--rate", "0", "--dest", "x"], ExitCode.BAD_USE, "rate=0.0"),
    ],
)
def test_what_is_wrong_is_told(arguments: list[str], code: ExitCode, says: str, journal: Path) -> None:
    done = regrow("dlq", arguments[0], journal, *arguments[1:])
    assert (done.code, done.out) == (code, "")
    assert says in " ".join(done.err.split())
    assert ids(regrow("dlq", "list", journal, "--json")) == [1, 2, 3]


@pytest.mark.parametrize(
    "command", [["dlq", "list"], ["journal", "stats"], ["dlq", "purge", "--all", "--why", "x"]]
)
def test_a_file_that_is_not_there_is_not_made(command: list[str], tmp_path: Path) -> None:
    done = regrow(*command, tmp_path / "no.db")
    assert (done.code, done.out) == (ExitCode.NO_SUCH_THING, "")
    assert "there is no journal" in done.err
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_journal_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("not a database, but dear to somebody" * 100)
    done = regrow("dlq", "list", path)
    assert done.code == ExitCode.BAD_USE
    kept = [file.read_text() for file in tmp_path.iterdir() if file.suffix != ".lock" and file.stat().st_size]
    assert "dear to somebody" in kept[0]


def test_an_owner_without_a_socket_is_named(journal: Path) -> None:
    store = SqliteStore(journal)
    store.open(node="here", pid=4711, now_us=START_US)
    done = regrow("dlq", "list", journal)
    store.close(now_us=START_US)
    assert done.code == ExitCode.BAD_USE
    assert "process 4711 on here" in done.err
    assert not socket_path(journal).exists()


def test_show_tells_everything_but_secrets(journal: Path) -> None:
    done = regrow("dlq", "show", journal, 1)
    for text in (
        "key          k-1",
        '"name":"tea"',
        "attempt 1: error",
        "ValueError: no tea",
        '{"token":"[redacted]"}',
    ):
        assert text in done.out
    hidden = regrow("dlq", "show", journal, 2)
    assert ('"[redacted]"' in hidden.out, "hunter2" in hidden.out) == (True, False)
    assert "hunter2" in regrow("dlq", "show", journal, 2, "--raw").out
    document: Any = regrow("dlq", "show", journal, 1, "--json").document
    assert document["letter"]["contents"] == {"item": {"name": "tea", "api_key": "[redacted]"}, "count": 2}


def test_groups_and_stats(journal: Path) -> None:
    groups: Any = regrow("dlq", "groups", journal, "--json").document["groups"]
    assert sorted((one["count"], one["reason"], one["type"]) for one in groups) == [
        (1, "crash_loop", "builtins:dict"),
        (1, "crash_loop", "tests.deadletters.kit:Shop.login"),
        (1, "max_attempts", "tests.deadletters.kit:Shop.order"),
    ]
    assert "0000000000000002" in regrow("dlq", "groups", journal).out
    stats: Any = regrow("dlq", "stats", journal, "--json").document["stats"]
    assert (stats["depth"], stats["by_reason"]) == (3, {"max_attempts": 1, "crash_loop": 2})
    assert "dead letters" in regrow("dlq", "stats", journal).out


def test_edit_retry_and_the_audit(journal: Path) -> None:
    done = regrow(
        "dlq", "edit", journal, 1, "--set", "count=7", "--note", "asked the customer", "--actor", "ann"
    )
    assert (done.code, done.out) == (0, "dead letter 1 is edited\n")
    shown: Any = regrow("dlq", "show", journal, 1, "--json").document["letter"]
    assert (shown["contents"]["count"], shown["original"]["count"]) == (7, 2)
    assert regrow("dlq", "retry", journal, 1, 2, "--actor", "ann", "--json").document == {"retried": [1, 2]}
    assert ids(regrow("dlq", "list", journal, "--json")) == [3]
    audit: Any = regrow("journal", "audit", journal, "--json").document["audit"]
    assert [(one["actor"], one["action"], one["target"]) for one in audit] == [
        ("ann", "retry", "2"),
        ("ann", "retry", "1"),
        ("ann", "edit", "1"),
    ]


def test_a_letter_is_found_by_the_id_of_its_message(journal: Path) -> None:
    shown: Any = regrow("dlq", "show", journal, 2, "--json").document["letter"]
    message = shown["summary"]["message_id"]
    assert regrow("dlq", "show", journal, message, "--json").document["letter"] == shown
    assert regrow("dlq", "edit", journal, message, "--note", "this one").code == 0
    done = regrow("dlq", "retry", journal, message.upper(), "--json")
    assert done.document == {"retried": [message]}
    assert ids(regrow("dlq", "list", journal, "--json")) == [1, 3]
    gone = regrow("dlq", "show", journal, message)
    assert (gone.code, message in gone.err) == (ExitCode.NO_SUCH_THING, True)
    wrong = regrow("dlq", "show", journal, "1x")
    assert (wrong.code, "32 hexadecimal digits" in wrong.err) == (ExitCode.BAD_USE, True)


def test_the_actor_is_whoever_is_logged_in(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "grace")
    regrow("dlq", "retry", journal, 1)
    assert "grace" in regrow("journal", "audit", journal).out


def test_redrive_puts_back_what_the_owner_will_handle(journal: Path) -> None:
    dry = regrow("dlq", "redrive", journal, "--dry-run")
    assert dry.out == "3 dead letters would be delivered again\n"
    done = regrow("dlq", "redrive", journal, "--dest", "door")
    assert (done.code, done.out) == (0, "redrive 1 is done: 2 moved\n")
    counts: Any = regrow("journal", "stats", journal, "--json").document["journal"]
    assert (counts["counts"]["live"], counts["counts"]["dead"], counts["running"]) == (2, 1, False)


def test_a_canary_is_left_to_the_owner(journal: Path) -> None:
    done = regrow("dlq", "redrive", journal, "--dest", "door", "--canary", 1)
    assert done.out == "redrive 1 is running: 0 moved\n"
    assert "goes on when the journal's program runs" in done.err
    assert "running" in regrow("dlq", "redrives", journal).out
    cancelled: Any = regrow("dlq", "redrives", journal, "--cancel", 1, "--json").document["redrives"]
    assert [job["status"] for job in cancelled] == ["cancelled"]


@pytest.mark.parametrize(
    "command", [["purge", "--all", "--why", "old"], ["purge", "--dest", "door", "--why", "old"], ["redrive"]]
)
def test_what_cannot_be_undone_needs_yes_where_nobody_can_be_asked(command: list[str], journal: Path) -> None:
    done = regrow("dlq", command[0], journal, *command[1:])
    assert done.code == ExitCode.BAD_USE
    assert "say --yes" in done.err
    assert ids(regrow("dlq", "list", journal, "--json")) == [1, 2, 3]


@pytest.mark.parametrize(("answer", "left"), [("y\n", [1]), ("n\n", [1, 2, 3])])
def test_on_a_terminal_it_is_asked(
    answer: str, left: list[int], journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def confirm(what: str, **_: object) -> None:
        asked.append(what)
        if answer != "y\n":
            raise click.Abort

    monkeypatch.setattr(click, "confirm", confirm)
    monkeypatch.setattr(sys, "stdin", Terminal())
    done = regrow("dlq", "purge", journal, "--dest", "door", "--why", "old")
    assert asked == ["delete 2 dead letters for good?"]
    assert done.code == (0 if answer == "y\n" else ExitCode.INTERRUPTED)
    assert ids(regrow("dlq", "list", journal, "--json")) == left


class Terminal:
    """As much of a standard input as is asked."""

    def isatty(self) -> bool:
        return True


def test_purge_deletes_for_good(journal: Path) -> None:
    done = regrow("dlq", "purge", journal, "--dest", "door", "--why", "test data", "--yes")
    assert (done.code, done.out) == (0, "2 dead letters are deleted\n")
    assert ids(regrow("dlq", "list", journal, "--json")) == [1]
    state: Any = regrow("journal", "stats", journal, "--json").document["journal"]
    assert (state["counts"]["discarded"], state["balanced"]) == (2, True)


def test_quarantine_and_release(journal: Path) -> None:
    done = regrow("dlq", "quarantine", journal, "0000000000000002", "--note", "bug 12")
    assert done.out == "0000000000000002 is in quarantine: 2 dead letters\n"
    assert ids(regrow("dlq", "list", journal, "--status", "quarantined", "--json")) == [2, 3]
    refused = regrow("dlq", "retry", journal, 2)
    assert (refused.code, "in quarantine" in refused.err) == (ExitCode.BAD_USE, True)
    freed = regrow("dlq", "quarantine", journal, "0000000000000002", "--release", "--json")
    assert freed.document == {"fingerprint": "0000000000000002", "quarantined": False, "count": 2}


def test_export_and_import(journal: Path, tmp_path: Path) -> None:
    exported = regrow("dlq", "export", journal)
    assert (exported.code, exported.err) == (0, "3 dead letters exported\n")
    lines = exported.out.splitlines()
    assert [json.loads(line)["specversion"] for line in lines] == ["1.0"] * 3
    file = tmp_path / "letters.jsonl"
    done = regrow("dlq", "export", journal, "--dest", "door", "-o", file)
    assert (done.out, len(file.read_text().splitlines())) == ("", 2)

    there = tmp_path / "there.db"

    async def nothing(bench: Bench) -> None: ...

    make_journal(there, nothing)
    file.write_text("\n".join(["{", *lines, lines[0], "x" * 20]) + "\n")
    report = regrow("dlq", "import", there, file)
    assert report.code == ExitCode.FINDINGS
    assert report.out == "3 dead letters imported, 3 lines refused\n"
    assert [line.split(":")[0] for line in report.err.splitlines()] == ["line 1", "line 5", "line 6"]
    assert len(ids(regrow("dlq", "list", there, "--json"))) == 3
    again: Any = regrow("dlq", "import", there, file, "--json").document
    assert (again["imported"], len(again["refused"])) == (0, 6)


def test_a_line_without_end_is_refused_and_the_next_ones_are_not(journal: Path, tmp_path: Path) -> None:
    line = regrow("dlq", "export", journal, "--id", 1).out
    file = tmp_path / "long.jsonl"
    file.write_text('{"specversion": "' + "1" * (9 * 1024 * 1024) + "\n" + line)
    there = tmp_path / "there.db"

    async def nothing(bench: Bench) -> None: ...

    make_journal(there, nothing)
    report = regrow("dlq", "import", there, file)
    assert report.out == "1 dead letters imported, 1 lines refused\n"
    assert report.err.startswith("line 1: ")
