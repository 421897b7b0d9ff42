"""mypy --strict and pyright accept the right programs, and find each error of the wrong ones."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

HERE = Path(__file__).parent
GOOD = tuple(sorted(path.name for path in HERE.glob("good*.py")))
BAD = tuple(sorted(path.name for path in HERE.glob("bad*.py")))
FILES = GOOD + BAD
REPOSITORY = HERE.parents[1]


class Findings(NamedTuple):
    """What a checker says of one file, by line."""

    errors: dict[int, str]
    revealed: dict[int, str]


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def mypy(folder: Path) -> dict[str, Findings]:
    # Its cache is kept, apart from that of the project, whose settings are others.
    cache = REPOSITORY / ".mypy_cache" / "typing"
    options = ["--config-file=", f"--cache-dir={cache}", "--follow-imports=silent", "--output=json"]
    found = {name: Findings({}, {}) for name in FILES}
    for line in run(folder, "mypy", "--strict", "--python-version=3.11", *options, *FILES).splitlines():
        if line.startswith("{"):
            item = json.loads(line)
            add(found[Path(item["file"]).name], item["line"], item["severity"], item["message"])
    return found


def pyright(folder: Path) -> dict[str, Findings]:
    found = {name: Findings({}, {}) for name in FILES}
    options = ["--outputjson", "--pythonpath", sys.executable, "--pythonversion", "3.11"]
    report = json.loads(run(folder, "pyright", *options, *FILES))
    assert report["summary"]["filesAnalyzed"] == len(FILES)
    for item in report["generalDiagnostics"]:
        line = item["range"]["start"]["line"] + 1
        add(found[Path(item["file"]).name], line, item["severity"], item["message"])
    return found


def add(findings: Findings, line: int, severity: str, message: str) -> None:
    revealed = re.search(r'(?:Revealed type is|^Type of ".*" is) "(.*)"$', message)
    if revealed:
        findings.revealed[line] = re.sub(r"\b(?:\w+\.)+(?=\w)", "", revealed[1])
    elif severity in ("error", "warning"):
        findings.errors[line] = message


@pytest.fixture(scope="module", params=[mypy, pyright], ids=["mypy", "pyright"])
def findings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Findings]:
    # A copy outside the project: its settings leave these files out.
    folder = tmp_path_factory.mktemp("programs")
    for name in FILES:
        (folder / name).write_text((HERE / name).read_text())
    checker: Callable[[Path], dict[str, Findings]] = request.param
    return checker(folder)


def lines_of(name: str) -> list[tuple[int, str]]:
    return list(enumerate((HERE / name).read_text().splitlines(), start=1))


@pytest.mark.parametrize("name", GOOD)
def test_right_programs_have_no_error(name: str, findings: dict[str, Findings]) -> None:
    assert findings[name].errors == {}


@pytest.mark.parametrize(
    ("name", "least"), [("good.py", 20), ("good_delivery.py", 20), ("good_persistence.py", 3)]
)
def test_the_types_are_as_written(name: str, least: int, findings: dict[str, Findings]) -> None:
    expected = {
        number: line.split("# reveals: ")[1] for number, line in lines_of(name) if "# reveals: " in line
    }
    assert len(expected) >= least
    assert findings[name].revealed == expected


@pytest.mark.parametrize(
    ("name", "least"),
    [("bad.py", 40), ("bad_delivery.py", 30), ("bad_persistence.py", 6), ("bad_sends.py", 3)],
)
def test_each_error_is_found_and_nothing_else(name: str, least: int, findings: dict[str, Findings]) -> None:
    expected = {number for number, line in lines_of(name) if line.endswith("# error")}
    found = findings[name].errors
    assert len(expected) >= least
    assert {number: found[number] for number in found.keys() - expected} == {}
    assert {number: line for number, line in lines_of(name) if number in expected - found.keys()} == {}
