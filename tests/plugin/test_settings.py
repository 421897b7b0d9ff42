"""The settings of a project and the options of the mark: what they are by default, and what is refused."""

import os
from pathlib import Path

import pytest

from _regrow_pytest import read_settings
from tests.plugin.project import outcomes, run

pytest_plugins = ["pytester"]

DEFAULTS = {
    "isolation": "registry",
    "loop": "virtual",
    "leak-check": "error",
    "contamination": "off",
    "block-sleep": False,
    "blocking-calls": "off",
    "test-timeout": 10.0,
    "virtual-timeout": 86_400.0,
    "package": "",
}


def read(folder: Path, text: str) -> object:
    path = folder / "pyproject.toml"
    path.write_text(text)
    return read_settings(path)


def test_an_empty_table_gives_the_defaults(tmp_path: Path) -> None:
    assert read(tmp_path, "[tool.regrow.test]\n") == DEFAULTS


def test_what_is_given_is_taken(tmp_path: Path) -> None:
    table = '[tool.regrow.test]\nloop = "real"\ntest-timeout = 3\nblock-sleep = true\npackage = "my.app"\n'
    given = {"loop": "real", "test-timeout": 3, "block-sleep": True, "package": "my.app"}
    assert read(tmp_path, table) == DEFAULTS | given


@pytest.mark.parametrize("text", ["", "[tool.other]\n", "[tool.regrow.check]\nselect = []\n", "# regrow\n"])
def test_without_the_table_there_are_no_settings(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) is None


def test_without_the_file_there_are_no_settings(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "pyproject.toml") is None


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            'lop = "real"',
            (
                "unknown key 'lop'; known are isolation, loop, leak-check, contamination, block-sleep,"
                " blocking-calls, test-timeout, virtual-timeout, package"
            ),
        ),
        ('loop = "fast"', """loop = 'fast' can't be used: it has to be one of "virtual", "real\""""),
        ("block-sleep = 1", "block-sleep = 1 can't be used: it has to be one of false, true"),
        ("test-timeout = 0", "test-timeout = 0 can't be used: it has to be a number of seconds above 0"),
        ("test-timeout = inf", "test-timeout = inf can't be used: it has to be a number of seconds above 0"),
        (
            "test-timeout = true",
            "test-timeout = True can't be used: it has to be a number of seconds above 0",
        ),
        (
            'package = "src/app"',
            (
                "package = 'src/app' can't be used: it has to be the name of the package under test, such as"
                ' "myapp"'
            ),
        ),
    ],
)
def test_what_is_refused(tmp_path: Path, line: str, problem: str) -> None:
    with pytest.raises(pytest.UsageError) as refusal:
        read(tmp_path, f"[tool.regrow.test]\n{line}\n")
    assert str(refusal.value) == f"{tmp_path / 'pyproject.toml'}: [tool.regrow.test]: {problem}"


def test_all_that_is_wrong_is_told_at_once(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_it(): pass", settings='loop = "fast"\nspeed = 3')
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    [error] = [line for line in result.errlines if line]
    assert error.startswith(f"ERROR: {pytester.path / 'pyproject.toml'}: [tool.regrow.test]: loop = 'fast' ")
    assert "; unknown key 'speed'; " in error


def test_the_table_has_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(pytest.UsageError, match=r"tool\.regrow\.test = 3 has to be a table, \[tool\.regrow"):
        read(tmp_path, "[tool.regrow]\ntest = 3\n")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            "tiem='real'",
            (
                "unknown option tiem='real'; known are time, isolation, timeout, real_timeout, allow_leaks,"
                " allow_changes, reason, sleep, sockets, threads, subprocesses"
            ),
        ),
        ("time='unreal'", "time='unreal' can't be used: it has to be one of 'virtual', 'real'"),
        ("timeout=0", "timeout=0 can't be used: it has to be a number of seconds above 0"),
        (
            "allow_leaks='task', reason='-'",
            "allow_leaks='task' can't be used: it has to be a tuple of kinds, such as ('task',)",
        ),
        ("sockets=1", "sockets=1 can't be used: it has to be True or False"),
        ("sleep=True", "allow_leaks, allow_changes, sleep need a reason: reason='...'"),
        ("allow_leaks=('task',)", "allow_leaks, allow_changes, sleep need a reason: reason='...'"),
    ],
)
def test_a_mark_that_cannot_be_used_fails_its_test(
    pytester: pytest.Pytester, options: str, problem: str
) -> None:
    tests = f"@pytest.mark.regrow({options})\nasync def test_marked(): pass\n\nasync def test_other(): pass"
    result = run(pytester, tests)
    assert outcomes(result) == {"errors": 1, "passed": 1}
    assert f"@pytest.mark.regrow: {problem}" in result.outlines


def test_options_of_a_mark_have_names(pytester: pytest.Pytester) -> None:
    result = run(pytester, "@pytest.mark.regrow('virtual')\nasync def test_marked(): pass")
    assert outcomes(result) == {"errors": 1}
    assert "@pytest.mark.regrow takes options by name only, not ('virtual',)" in result.outlines


def test_without_the_table_the_mark_is_refused(pytester: pytest.Pytester) -> None:
    tests = "@pytest.mark.regrow\nasync def test_marked(): pass\n\nasync def test_other(): pass"
    result = run(pytester, tests, settings=None)
    assert outcomes(result) == {"errors": 1, "passed": 1}
    told = "Regrow's test kit is switched on by a table [tool.regrow.test], which may be empty, in the"
    assert f"{told} pyproject.toml of pytest's rootdir ({pytester.path})" in result.outlines


def test_simulated_tests_get_the_options(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REGROW_SEEDS", raising=False)
    monkeypatch.setenv("REGROW_REPLAY", "mine")
    tests = """
import os

def test_options(pytestconfig):
    assert pytestconfig.option.regrow_bisect is None
    assert (os.environ["REGROW_SEEDS"], os.environ["REGROW_REPLAY"]) == ("50", "token")
"""
    result = run(pytester, tests, "--regrow-seeds", "50", "--regrow-replay=token", head="", settings=None)
    assert outcomes(result) == {"passed": 1}
    assert (os.environ.get("REGROW_SEEDS"), os.environ["REGROW_REPLAY"]) == (None, "mine")
