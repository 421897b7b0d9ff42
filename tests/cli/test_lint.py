"""`regrow check` and `regrow rule` hand their arguments through."""

from pathlib import Path

import pytest

from tests.cli.kit import regrow


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "a.py"
    file.write_text("import asyncio\n\nasyncio.create_task(f())\n")
    return file


def test_check_finds(file: Path) -> None:
    done = regrow("check", "a.py")
    assert (done.code, done.err) == (1, "1 finding in 1 file (3 lines)\n")
    assert done.out.startswith("a.py:3:1: RG101 [unsupervised-spawn] ")
    file.write_text("x = 1\n")
    assert regrow("check", "a.py").code == 0


def test_check_as_json(file: Path) -> None:
    done = regrow("check", "--format", "json", "--select", "RG101")
    assert [one["path"] for one in done.document["findings"]] == ["a.py"]  # type: ignore[attr-defined]


def test_arguments_arrive_as_they_are(file: Path) -> None:
    file.rename("-a.py")
    done = regrow("check", "--", "-a.py")
    assert (done.code, done.out.partition(":")[0]) == (1, "-a.py")


def test_bad_use_is_told_by_the_linter(file: Path) -> None:
    done = regrow("check", "--select", "RG1O1", "a.py")
    assert (done.code, done.out) == (2, "")
    assert done.err == "regrow: select: no rule has the code, prefix or name 'RG1O1'; did you mean RG101?\n"
    assert regrow("rule").code == 2


@pytest.mark.parametrize("command", ["audit", "check", "rule"])
def test_help_is_the_linters_own(command: str) -> None:
    done = regrow(command, "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"usage: regrow {command} ")


def test_rules_are_explained() -> None:
    assert regrow("rule", "RG101").out.startswith("# RG101 unsupervised-spawn\n")
    assert "\nRG101  unsupervised-spawn: " in regrow("rule", "--all").out


def test_a_rule_that_is_not_there_is_bad_use() -> None:
    done = regrow("rule", "sleep-in-tests")
    assert done.code == 2
    assert done.err == (
        "regrow: rule: no rule has the code, prefix or name 'sleep-in-tests'; did you mean sleep-in-test?\n"
    )
