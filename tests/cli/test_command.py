"""The command: exit codes, JSON, hints."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import metadata

import click
import pytest

import regrow
from regrow.cli import app, doctor, main
from regrow.cli.exits import ExitCode
from regrow.cli.lint import HandedThrough

Captured = pytest.CaptureFixture[str]


PROGRAM = """
import runpy, sys
{before}
sys.argv = ["regrow", *{arguments!r}]
runpy.run_module("regrow", run_name="__main__")
"""

LIST_MODULES_AT_EXIT = """
import atexit
atexit.register(lambda: print([name for name in sys.modules if name.startswith("regrow.")]))
"""


def run_module(*arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, with statements that run before it."""
    program = PROGRAM.format(before=before, arguments=arguments)
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30
    )


def test_version_prints_the_version(capsys: Captured) -> None:
    assert main(["version"]) == ExitCode.CLEAN
    assert capsys.readouterr().out == f"regrow {regrow.__version__}\n"


def test_the_option_says_the_same_as_the_command(capsys: Captured) -> None:
    assert main(["--version"]) == ExitCode.CLEAN
    assert capsys.readouterr().out == f"regrow {regrow.__version__}\n"


def test_version_as_json(capsys: Captured) -> None:
    assert main(["version", "--json"]) == ExitCode.CLEAN
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["regrow"]) == (1, regrow.__version__)


def test_doctor_finds_this_environment_sound(capsys: Captured) -> None:
    assert main(["doctor"]) == ExitCode.CLEAN
    out = capsys.readouterr().out
    assert "msgspec" in out
    assert out.endswith("all is well\n")


def test_doctor_as_json(capsys: Captured) -> None:
    assert main(["doctor", "--json"]) == ExitCode.CLEAN
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is True
    assert {"regrow", "python", "msgspec", "uvloop"} <= {check["name"] for check in document["checks"]}


def without(*missing: str) -> Callable[[str], str]:
    """A stand-in for the look-up of installed versions."""

    def version(name: str) -> str:
        if name in missing:
            raise metadata.PackageNotFoundError(name)
        return "1.0"

    return version


def test_a_missing_extra_is_no_finding(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr(metadata, "version", without("uvloop"))
    assert main(["doctor"]) == ExitCode.CLEAN
    assert "pip install 'regrow[uvloop]'" in capsys.readouterr().out


def test_a_missing_dependency_is_a_finding(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr(metadata, "version", without("msgspec"))
    assert main(["doctor"]) == ExitCode.FINDINGS
    assert "something is wrong" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["nope"], ["version", "--nope"], ["version", "extra"], []])
def test_bad_use_is_told_on_stderr(arguments: list[str], capsys: Captured) -> None:
    assert main(arguments) == ExitCode.BAD_USE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Usage: regrow" in captured.err


def test_help_names_every_command(capsys: Captured) -> None:
    assert main(["--help"]) == ExitCode.CLEAN
    out = capsys.readouterr().out
    assert all(command in out for command in app.COMMANDS)
    assert "Examples:" in out


def every_command(group: click.Group, context: click.Context) -> Iterator[click.Command]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            assert command.help
            yield from every_command(command, context)
        else:
            yield command


def test_every_command_has_help_and_json() -> None:
    context = app.group.make_context("regrow", ["version"])
    found = list(every_command(app.group, context))
    assert len(found) >= 18
    for command in found:
        assert command.help
        if isinstance(command, HandedThrough):  # `--format json`: see test_lint.py
            continue
        assert any(option.name == "as_json" for option in command.params), command.name


def test_an_unexpected_error_is_our_bug(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr(doctor, "examine", lambda: 1 / 0)
    assert main(["doctor"]) == ExitCode.OUR_BUG
    err = capsys.readouterr().err
    assert "a bug of ours, not yours: ZeroDivisionError: division by zero" in err
    assert "Traceback" not in err


def test_the_whole_traceback_is_shown_on_request(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr(doctor, "examine", lambda: 1 / 0)
    monkeypatch.setenv("REGROW_TRACEBACK", "1")
    assert main(["doctor"]) == ExitCode.OUR_BUG
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_an_interrupt_is_no_bug(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(doctor, "examine", interrupted)
    assert main(["doctor"]) == ExitCode.INTERRUPTED
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_the_extra_the_command_says_how_to_get_it(missing: str) -> None:
    done = run_module("doctor", before=f"sys.modules[{missing!r}] = None")
    assert done.returncode == ExitCode.BAD_USE
    assert done.stdout == ""
    assert "pip install 'regrow[cli]'" in done.stderr


def test_the_module_runs_as_the_command() -> None:
    done = run_module("version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"regrow {regrow.__version__}\n", "")


@pytest.mark.parametrize("arguments", [["doctor"], ["doctor", "--json"]])
def test_a_reader_that_leaves_is_no_error(arguments: list[str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "regrow", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.close()
        _, err = child.communicate(timeout=30)
    assert (child.returncode, err) == (0, b"")


def test_a_command_loads_only_what_it_needs() -> None:
    done = run_module("version", before=LIST_MODULES_AT_EXIT)
    loaded = done.stdout.splitlines()[-1]
    assert "regrow.cli.version" in loaded
    assert "regrow.cli.doctor" not in loaded
    assert "regrow.runtime" not in loaded


def test_the_shell_completion_answers() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "regrow"],
        env={
            **os.environ,
            "_REGROW_COMPLETE": "bash_complete",
            "COMP_WORDS": "regrow doc",
            "COMP_CWORD": "1",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (done.returncode, done.stdout) == (0, "plain,doctor\n")
