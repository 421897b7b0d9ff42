"""The command line: what it prints where, and its exit codes."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typing_extensions import override

from regrow.lint import command
from regrow.lint.command import main
from regrow.lint.console import Progress
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding
from regrow.lint.registry import own_rules
from regrow.lint.rule import Rule

Captured = pytest.CaptureFixture[str]
SPAWN = "import asyncio\n\nasyncio.create_task(f())\n"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.regrow.check]\n")
    return tmp_path


def test_a_finding_is_exit_code_one(root: Path, capsys: Captured) -> None:
    (root / "a.py").write_text(SPAWN)
    assert main(["check"]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("a.py:3:1: RG101 [unsupervised-spawn] create_task makes a task that nobody owns")
    assert out.count("\n") == 1
    assert err == "1 finding in 1 file (3 lines)\n"


def test_clean_is_exit_code_zero(root: Path, capsys: Captured) -> None:
    (root / "a.py").write_text("x = 1\n")
    assert main(["check", "a.py"]) == 0
    assert capsys.readouterr() == ("", "no findings in 1 file (1 line)\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check"], "no files to check: no .py or .pyi file is below ."),
        (
            ["check", "--select", "RG1O1"],
            "select: no rule has the code, prefix or name 'RG1O1'; did you mean RG101?",
        ),
        (["check", "--config", "no.toml"], "no.toml:1:1: can't be read: No such file or directory"),
        (["check", "-j", "0"], "argument -j/--jobs: '0' has to be a number from 1 on, or auto"),
        (["check", "--format", "xml"], "argument --format: invalid choice: 'xml'"),
        (["rule"], "one of the arguments RULE --all is required"),
        (["rule", "RG1"], "rule: no rule has the code, prefix or name 'RG1'"),
        ([], "the following arguments are required: COMMAND"),
    ],
)
def test_bad_use_is_exit_code_two(arguments: list[str], message: str, capsys: Captured) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert "Traceback" not in err


def test_bad_settings_are_one_error_with_their_place(root: Path, capsys: Captured) -> None:
    (root / "a.py").write_text(SPAWN)
    (root / "pyproject.toml").write_text("[tool.regrow.check]\nexlude = []\n")
    assert main(["check"]) == 2
    assert capsys.readouterr().err == (
        f"python -m regrow.lint: {root / 'pyproject.toml'}:2:1:"
        " [tool.regrow.check] has no key 'exlude'; did you mean exclude?\n"
    )


@pytest.mark.parametrize(
    ("setting", "column", "problem"),
    [
        ('ignore = ["RG2", "RG1O1"]', 18, "ignore: no rule has the code, prefix or name 'RG1O1'"),
        ('per-file-ignores = { "a/*" = ["RG1O1"] }', 31, "per-file-ignores 'a/*': no rule has"),
    ],
)
def test_an_unknown_rule_in_the_settings_is_one_error_with_its_place(
    root: Path, setting: str, column: int, problem: str, capsys: Captured
) -> None:
    (root / "a.py").write_text(SPAWN)
    (root / "pyproject.toml").write_text(f'[project]\nname = "RG1O1"\n[tool.regrow.check]\n{setting}\n')
    assert main(["check"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"python -m regrow.lint: {root / 'pyproject.toml'}:4:{column}: {problem}")
    assert err.endswith("; did you mean RG101?\n")


class Broken(Rule):
    """Raises."""

    code, name = "RG901", "broken"

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        raise ZeroDivisionError("oh")


def test_a_rule_that_fails_is_exit_code_101(
    root: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "a.py").write_text(SPAWN)
    monkeypatch.setattr("regrow.lint.checker.all_rules", lambda: (*own_rules(), Broken()))
    assert main(["check"]) == 101
    out, err = capsys.readouterr()
    assert "RG101" in out
    assert "a.py: RG901 failed, a bug of its own: ZeroDivisionError: oh\n  at " in err
    assert "  Please report it in Regrow's issue tracker, with the file if you can share it.\n" in err


def test_any_other_exception_is_exit_code_101(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regrow.lint.commands.rule.all_rules", lambda: 1 / 0)
    assert main(["rule", "--all"]) == 101
    err = capsys.readouterr().err
    assert "a bug of ours, not yours: ZeroDivisionError: division by zero" in err
    assert "Please report it in Regrow's issue tracker" in err
    assert "Traceback" not in err


class Terminal(io.StringIO):
    """A terminal."""

    @override
    def isatty(self) -> bool:
        return True


def test_a_long_run_says_on_a_terminal_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 0.1, 0.6, 0.61, 0.8])
    monkeypatch.setattr("regrow.lint.console.time.monotonic", lambda: next(clock))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    progress = Progress("file")
    for done in (1, 2, 3, 4):
        progress(done, 1000)
    progress.clear()
    assert terminal.getvalue() == "\r2 of 1,000 files\r4 of 1,000 files\r                \r"


def test_elsewhere_it_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regrow.lint.console.time.monotonic", iter(range(9)).__next__)
    monkeypatch.setattr(sys, "stderr", file := io.StringIO())
    progress = Progress("file")
    progress(1, 2)
    progress.clear()
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys, "stderr", dumb := Terminal())
    progress = Progress("file")
    progress(1, 2)
    progress.clear()
    assert (file.getvalue(), dumb.getvalue()) == ("", "")


def test_an_interrupt_is_no_bug(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("regrow.lint.commands.rule.all_rules", interrupted)
    assert main(["rule", "--all"]) == 130
    assert capsys.readouterr().err == "python -m regrow.lint: interrupted\n"


def test_options_add_to_the_settings(root: Path, capsys: Captured) -> None:
    (root / "pyproject.toml").write_text('[tool.regrow.check]\nexclude = ["b.py"]\n')
    for name in ("a.py", "b.py", "c.py", "d.py"):
        (root / name).write_text(SPAWN)
    arguments = ["--select", "RG002, unsupervised-spawn", "--exclude", "c.py", "--exclude", "[d].py"]
    assert main(["check", *arguments]) == 1
    assert [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()] == ["a.py"]
    assert main(["check", "--ignore", "RG1", "a.py"]) == 0
    (root / "pyproject.toml").write_text("[tool.regrow.check]\nselect = []\n")
    assert main(["check", "--select", "RG101", "a.py"]) == 1
    assert main(["check", "a.py"]) == 2


def test_statistics_count_by_rule(root: Path, capsys: Captured) -> None:
    (root / "a.py").write_text(SPAWN * 2 + "x = 1  # noqa: RG101 no\n")
    assert main(["check", "--statistics"]) == 1
    assert (
        capsys.readouterr().out == "      2  RG101  unsupervised-spawn\n      1  RG002  unused-suppression\n"
    )


def test_an_editor_hands_over_what_it_has(
    root: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "a.py").write_text("x = 1\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(SPAWN.encode())))
    assert main(["check", "--format", "full", "--stdin-filename", "a.py"]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("a.py:3:1: RG101")
    assert out[1] == "  3 | asyncio.create_task(f())"


def test_what_an_editor_hands_over_may_name_its_encoding(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"# coding: shift_jis\n{SPAWN[:-1]}  # ア\n".encode("shift_jis")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert main(["check", "--format", "full", "--stdin-filename", "a.py"]) == 1
    assert capsys.readouterr().out.splitlines()[1] == "  4 | asyncio.create_task(f())  # ア"


@pytest.mark.parametrize("verb", ["check", "fix"])
def test_the_standard_input_has_no_files_beside_it(root: Path, verb: str, capsys: Captured) -> None:
    (root / "a.py").write_text(SPAWN)
    assert main([verb, "--stdin-filename", "b.py", "a.py"]) == 2
    assert capsys.readouterr().err == (
        "--stdin-filename takes no PATH beside it: the standard input is all that is looked at\n"
    )


def test_the_file_of_an_editor_has_its_role(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(SPAWN.encode())))
    assert main(["check", "--select", "RG101", "--stdin-filename", "tests/test_a.py"]) == 0
    assert capsys.readouterr().err == "no findings in 1 file (3 lines, 3 of them spared)\n"


def test_the_notebook_of_an_editor_is_skipped_aloud(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    for verb, out in ("check", ""), ("fix", '{"cells": null}'):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"cells": null}')))
        assert main([verb, "--stdin-filename", "a.ipynb"]) == 0
        told = capsys.readouterr()
        assert told.out == out
        assert told.err.startswith("skipped: a.ipynb: notebooks aren't looked at\n")


def test_notebooks_are_skipped_aloud(root: Path, capsys: Captured) -> None:
    (root / "a.py").write_text("x = 1\n")
    (root / "n.ipynb").write_text("{}")
    assert main(["check"]) == 0
    assert capsys.readouterr().err.startswith("skipped: n.ipynb: notebooks aren't looked at\n")


@pytest.mark.parametrize("name", ["RG101", "rg101", "unsupervised-spawn"])
def test_a_rule_is_explained(name: str, capsys: Captured) -> None:
    assert main(["rule", name]) == 0
    out = capsys.readouterr().out
    assert out.startswith("# RG101 unsupervised-spawn\n\nAsyncio tasks that nobody owns.\n")
    assert "## Why is this bad?" in out


def test_all_rules_are_listed(capsys: Captured) -> None:
    assert main(["rule", "--all"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:5] for line in lines] == [rule.code for rule in own_rules()]
    assert "RG101  unsupervised-spawn: Asyncio tasks that nobody owns." in lines


def test_help_is_clean(capsys: Captured) -> None:
    assert main(["check", "--help"]) == 0
    assert "--stdin-filename FILE" in capsys.readouterr().out


ALONE = """
import sys
for name in ("msgspec", "apsw", "click", "rich", "typing_extensions", "opentelemetry", "pytest"):
    sys.modules[name] = None
sys.path.insert(0, {source!r})
import runpy
sys.argv = ["lint", *{arguments!r}]
runpy.run_module("regrow.lint", run_name="__main__")
"""


def alone(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The module with nothing but the standard library."""
    source = str(Path(command.__file__).parents[2])
    program = ALONE.format(source=source, arguments=arguments)
    return subprocess.run(
        [sys.executable, "-S", "-I", "-c", program], capture_output=True, text=True, check=False, timeout=60
    )


def test_it_works_where_nothing_else_is_installed(root: Path) -> None:
    (root / "a.py").write_text(SPAWN)
    done = alone("check", "--format", "json")
    assert (done.returncode, done.stderr) == (1, "1 finding in 1 file (3 lines)\n")
    assert [one["code"] for one in json.loads(done.stdout)["findings"]] == ["RG101"]


def through(shell: str) -> subprocess.CompletedProcess[str]:
    """The command with streams as a shell makes them; ``"$@"`` stands for it."""
    program = ["sh", "-c", shell, "sh", sys.executable, "-m", "regrow.lint"]
    return subprocess.run(program, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("shell", "problem"),
    [
        ('"$@" check >/dev/full', "output can't be written, so that what is there isn't all: No space left"),
        ('"$@" check >&-', "output can't be written, so that what is there isn't all: it is closed"),
        ('"$@" fix --stdin-filename a.py <a.py >/dev/full', "isn't all: No space left"),
        ('"$@" check --stdin-filename a.py <&-', "the standard input can't be read: it is closed"),
    ],
)
def test_a_stream_that_fails_is_one_error(root: Path, shell: str, problem: str) -> None:
    (root / "a.py").write_text(SPAWN)
    done = through(shell)
    assert done.returncode == 2
    assert problem in (last := done.stderr.splitlines()[-1])
    assert last.startswith("python -m regrow.lint: the standard ")


def test_without_any_stream_the_exit_code_still_tells(root: Path) -> None:
    (root / "a.py").write_text("x = 1\n")
    assert through('"$@" check <&- >&- 2>&-').returncode == 0
    (root / "a.py").write_text(SPAWN)
    assert through('"$@" check <&- >&- 2>&-').returncode == 2
