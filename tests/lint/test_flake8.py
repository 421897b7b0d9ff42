"""The plugin under the real flake8, in a process of its own."""

import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

from regrow.lint.flake8 import Plugin

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
# As the entry point says it, where the environment was made before there was one.
INSTALLED = any(one.name == "RG" for one in entry_points(group="flake8.extension"))
CONFIG = "[flake8:local-plugins]\nextension =\n  RG = regrow.lint.flake8:Plugin\n"
SPAWN = "import asyncio\n\nif True:\n    asyncio.create_task(f())"
FOUND = "create_task makes a task that nobody owns"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("[tool.regrow.check]\n")
    (tmp_path / ".flake8").write_text("" if INSTALLED else CONFIG)
    return tmp_path


def flake8(folder: Path, *arguments: str, given: str = "") -> tuple[int, list[str]]:
    done = subprocess.run(
        [sys.executable, "-m", "flake8", "--jobs=1", "--select=RG", *arguments],
        cwd=folder,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_findings_have_their_place_and_text(folder: Path) -> None:
    (folder / "a.py").write_text(f"{SPAWN}\n")
    code, lines = flake8(folder, "a.py")
    assert code == 1
    assert len(lines) == 1
    assert lines[0].startswith(f"a.py:4:5: RG101 {FOUND}")


def test_both_kinds_of_suppressions_count_and_are_checked(folder: Path) -> None:
    (folder / "a.py").write_text(f"{SPAWN}  # noqa: RG101 it ends with the process\n")
    (folder / "b.py").write_text(f"{SPAWN}  # regrow: ignore[unsupervised-spawn] it ends with the process\n")
    (folder / "c.py").write_text(f"{SPAWN}  # regrow: ignore[unsupervised-spawn]\n")
    (folder / "d.py").write_text("x = 1  # regrow: ignore[raw-send] it is gone\n")
    code, lines = flake8(folder, "a.py", "b.py", "c.py", "d.py")
    assert code == 1
    assert [line.split()[:2] for line in lines] == [["c.py:4:31:", "RG003"], ["d.py:1:8:", "RG002"]]


def test_roles_and_settings_are_those_of_the_project(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[tool.regrow.check]\nignore = ["RG101"]\n')
    (folder / "a.py").write_text(f"{SPAWN}\n")
    sleeper = "import asyncio\n\n\nasync def test_it():\n    await asyncio.sleep(1)\n"
    (folder / "tests").mkdir()
    (folder / "tests" / "test_a.py").write_text(sleeper)
    (folder / "b.py").write_text(sleeper)
    code, lines = flake8(folder, ".")
    assert code == 1
    assert [line.split()[:2] for line in lines] == [["./tests/test_a.py:5:11:", "RG601"]]


def test_standard_input_is_the_file_that_it_is_said_to_be(folder: Path) -> None:
    text = f'name = "ü"\n{SPAWN}\n'
    code, lines = flake8(folder, "--stdin-display-name=pkg/a.py", "-", given=text)
    assert code == 1
    assert lines[0].startswith(f"pkg/a.py:5:5: RG101 {FOUND}")


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8-sig", "utf-8"])
def test_columns_are_those_of_characters_in_any_encoding(folder: Path, encoding: str) -> None:
    named = "" if encoding == "utf-8-sig" else f"# coding: {encoding}\n"
    text = f'{named}import asyncio\nname = "üü"; asyncio.create_task(f())\r\n'
    (folder / "a.py").write_bytes(text.encode(encoding))
    _, lines = flake8(folder, "a.py")
    assert lines[0].startswith(f"a.py:{text.count(chr(10))}:14: RG101")


def test_settings_that_cannot_be_used_are_one_error(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.regrow.check]\nexlude = []\n")
    (folder / "a.py").write_text("x = 1\n")
    code, lines = flake8(folder, "a.py")
    assert code == 1
    assert "has no key 'exlude'; did you mean exclude?" in lines[0]
    assert "Traceback" not in "".join(lines)


def test_the_distribution_declares_it() -> None:
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    value = project["entry-points"]["flake8.extension"]["RG"]
    assert EntryPoint("RG", value, "flake8.extension").load() is Plugin
    assert any(one.startswith("flake8") for one in project["optional-dependencies"]["flake8"])
