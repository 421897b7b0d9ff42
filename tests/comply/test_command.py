"""`regrow comply`: what it prints and writes, and its exit codes."""

import json
import logging
import sys
from pathlib import Path

import pytest

from tests.cli.kit import regrow
from tests.comply.kit import Plant, Shop, shop
from tests.comply.plants import PLANTS

RUN_TIME = (
    *("builds", "supervised", "steady", "restart-intensity", "same-supervision"),
    *("kill-child", "restart-leaks", "shutdown"),
)

STAGING = ("--environment", "staging:STAGE=staging", "--environment", "staging:SIZE=1")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_compliant_application_is_exit_code_zero(tmp_path: Path) -> None:
    with shop(tmp_path) as copy:
        path, disabled = list(sys.path), logging.root.manager.disable
        done = regrow("comply", "--app", copy.app, "--report", "out.md", "--report", "out.json")
        assert (sys.path, logging.root.manager.disable) == (path, disabled)
    assert done.code == 0, done.out
    lines = done.out.splitlines()
    assert lines[0] == "lint               passed (4)"
    assert "kill-child         passed (9)" in lines
    assert lines[-1].startswith(f"{copy.package}: compliant (14 checks: ")
    assert "could not run" not in done.out
    assert (tmp_path / "out.md").read_text().startswith(f"# Compliance of `{copy.package}`")
    assert json.loads((tmp_path / "out.json").read_text())["passed"] is True


def test_what_is_found_is_exit_code_one(tmp_path: Path) -> None:
    speaks = Plant(
        "main.py", "    stock = rg.supervisor(\n", "    print('hello')\n    stock = rg.supervisor(\n", ""
    )
    with shop(tmp_path, PLANTS["steady"][0], PLANTS["same-supervision"][0], speaks) as copy:
        done = regrow("comply", "--app", copy.app, "--json", *STAGING)
    assert done.code == 1
    checks = {one["name"]: one for one in done.document["checks"]}  # type: ignore[attr-defined]
    assert checks["steady"]["status"] == "failed"
    assert "KeyError" in checks["steady"]["outcomes"][0]["details"][0]
    assert "hello" in done.err  # and not in the report
    assert "max_restarts is 30 in production and 3 in test" in done.out
    assert "in staging" not in done.out  # it is as in production


def test_what_could_not_run_is_exit_code_one_unless_it_is_excused(tmp_path: Path) -> None:
    with shop(tmp_path) as copy:
        strict = regrow("comply", copy.package)
        excuses = [word for name in RUN_TIME for word in ("--excuse", f"{name}=a library")]
        excused = regrow("comply", copy.package, *excuses)
    assert (strict.code, excused.code) == (1, 0)
    assert "kill-child         could not run" in strict.out
    assert "no application was given" in strict.out
    assert "kill-child         excused\n    a library\n" in excused.out


def bad(copy: Shop) -> dict[str, tuple[list[str], str]]:
    return {
        "nothing": ([], "say what to check"),
        "no package": (["--app", "no_such_package.main:make"], "a package or module that can be imported"),
        "no factory": (["--app", copy.package], "not of the form 'module:factory'"),
        "no folder": (["nowhere"], "does not exist"),
        "not a package": (["tests"], "is no package"),
        "excuse": (["--app", copy.app, "--excuse", "kill-child"], "not of the form CHECK=REASON"),
        "unknown": (["--app", copy.app, "--excuse", "kil-child=x"], "did you mean 'kill-child'"),
        "environment": (["--app", copy.app, "--environment", "x=1"], "NAME:VARIABLE=VALUE"),
        "report": (["--app", copy.app, "--report", "x.html"], "has to end in .json or .md"),
        "allow": (["--app", copy.app, "--allow", "logs=x"], "one of task, timer"),
        "watch": (["--app", copy.app, "--watch", "-1"], "a number of seconds above 0"),
    }


def test_bad_use_is_exit_code_two(tmp_path: Path) -> None:
    with shop(tmp_path) as copy:
        for arguments, message in bad(copy).values():
            done = regrow("comply", *arguments)
            assert (done.code, done.out) == (2, ""), arguments
            assert message in done.err
            assert "Traceback" not in done.err
