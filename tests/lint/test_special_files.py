"""What is no regular file is never waited for, wherever the linter is told, or tempted, to read it."""

import io
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from regrow.lint.cache import NAME
from regrow.lint.command import main
from regrow.lint.migrate.journal import FOLDER

Captured = pytest.CaptureFixture[str]
SPAWN = "import asyncio\n\nasyncio.create_task(f())\n"


def fifo(file: Path) -> None:
    os.mkfifo(file)


def folder(file: Path) -> None:
    file.mkdir()


def bound(file: Path) -> None:
    here = Path.cwd()
    os.chdir(file.parent)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(file.name)
    finally:
        os.chdir(here)


def endless(file: Path) -> None:
    file.symlink_to("/dev/zero")


Make = Callable[[Path], None]
KINDS: dict[Make, str] = {fifo: "a FIFO", folder: "a folder", bound: "a socket", endless: "a device"}
odd_kinds = pytest.mark.parametrize("make", KINDS, ids=KINDS.values())


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.regrow.check]\n")
    (tmp_path / "a.py").write_text(SPAWN)
    return tmp_path


def refused(arguments: list[str], capsys: Captured) -> str:
    """The one line that says why nothing was done."""
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


@odd_kinds
def test_settings(make: Make, root: Path, capsys: Captured) -> None:
    make(root / "odd")
    for command in (["check"], ["fix"], ["migrate", "M001"], ["baseline", "check"], ["audit"]):
        said = refused([*command, "--config", "odd"], capsys)
        assert f"odd:1:1: can't be read: it is {KINDS[make]}, not a regular file" in said


@odd_kinds
@pytest.mark.parametrize(
    "arguments",
    [
        *(["baseline", action] for action in ("write", "check", "tighten", "explain")),
        ["check", "--no-cache", "--format", "github"],
    ],
    ids=" ".join,
)
def test_a_baseline(make: Make, arguments: list[str], root: Path, capsys: Captured) -> None:
    make(root / "regrow-baseline.json")
    said = refused(arguments, capsys)
    assert f"regrow-baseline.json:1:1: can't be read: it is {KINDS[make]}, not a regular file" in said


@odd_kinds
def test_the_name_of_the_standard_input_is_a_name_only(
    make: Make, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    make(root / "odd.py")
    for command, said in (
        (["check", "--format", "full"], "odd.py:3:1"),
        (["fix", "--diff"], "1 finding left"),
    ):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(SPAWN.encode())))
        main([*command, "--stdin-filename", "odd.py"])
        assert said in "".join(capsys.readouterr())


@odd_kinds
def test_the_folder_of_the_cache(make: Make, root: Path, capsys: Captured) -> None:
    make(root / NAME)
    assert main(["check"]) == 1
    out, err = capsys.readouterr()
    assert "a.py:3:1: RG101" in out
    assert ("warning: " in err) == (make is not folder)


@odd_kinds
def test_a_file_in_the_cache(make: Make, root: Path, capsys: Captured) -> None:
    assert main(["check"]) == 1
    [kept] = (root / NAME).glob("*.json")
    kept.unlink()
    make(kept)
    capsys.readouterr()
    assert main(["check"]) == 1
    out, err = capsys.readouterr()
    assert "a.py:3:1: RG101" in out
    if make is folder:  # which no file can replace
        assert f"{kept.parent} can't be written: Is a directory" in err
    else:
        assert f"{kept} can't be read: it is {KINDS[make]}, not a regular file; all" in err


@odd_kinds
def test_a_journal(make: Make, root: Path, capsys: Captured) -> None:
    own = root / FOLDER / "20261121-000000"
    own.mkdir(parents=True)
    make(own / "journal.jsonl")
    said = refused(["migrate", "undo", own.name], capsys)
    assert f"journal.jsonl: it is {KINDS[make]}, not a regular file" in said


@odd_kinds
def test_settings_of_others(make: Make, root: Path, capsys: Captured) -> None:
    (root / "tests").mkdir()
    (root / "tests" / "test_a.py").write_text("def test_a():\n    assert 1\n")
    for name in ("ruff.toml", "pytest.ini"):
        make(root / name)
    assert main(["check", "--check-config"]) == 0
    assert main(["audit"]) == 0
    assert "score 100 of 100" in capsys.readouterr().out
