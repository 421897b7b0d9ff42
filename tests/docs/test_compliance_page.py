"""What the page of the compliance suite shows is what the command and pytest print."""

import re
import subprocess
import sys
from pathlib import Path

from regrow.comply.checks import CHECKS
from tests.docs.blocks import REPOSITORY, Block, blocks_of
from tests.docs.transcripts import play
from tests.plugin.project import QUIET

PAGE = "docs/compliance.md"
COUNTS = re.compile(r"\d+ \w+(?:, \d+ \w+)* in")


def files_called(name: str) -> list[Block]:
    return [block for block in blocks_of(PAGE) if block.text.startswith(f"# {name}\n")]


def project(folder: Path, *blocks: Block) -> None:
    for block in blocks:
        file = folder / block.text.partition("\n")[0].removeprefix("# ")
        file.parent.mkdir(exist_ok=True)
        file.write_text(block.text)


def pytest_says(folder: Path, file: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *QUIET, "-rf", "--tb=short", "--color=no", file],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    return done.stdout


def test_the_session(tmp_path: Path) -> None:
    shown = [block for block in blocks_of(PAGE) if "/test_compliance.py" not in block.text]
    assert play(shown, tmp_path) == 2


def test_what_pytest_says_of_the_first_desk(tmp_path: Path) -> None:
    settings, first, tests = (
        files_called(name)[0] for name in ("pyproject.toml", "orders/main.py", "tests/test_orders.py")
    )
    project(tmp_path, settings, first, tests, *files_called("tests/test_compliance.py"))
    said = pytest_says(tmp_path, "tests/test_compliance.py")
    told = next(block.text for block in blocks_of(PAGE) if block.text.startswith("____"))
    *lines, counts = told.splitlines()
    assert [line for line in lines if line not in said] == [], said
    assert f"= {counts} in " in said


def test_the_library_is_excused_where_it_has_no_application(tmp_path: Path) -> None:
    settings, tests = files_called("pyproject.toml")[0], files_called("tests/test_orders.py")[0]
    last = files_called("orders/main.py")[-1]
    project(tmp_path, settings, last, tests, *files_called("tests/test_library.py"))
    found = COUNTS.search(pytest_says(tmp_path, "tests/test_library.py"))
    assert found is not None
    assert found[0] == "8 passed, 8 skipped in"


def test_the_table_has_all_checks() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (.+) \|$", (REPOSITORY / PAGE).read_text(), flags=re.MULTILINE)
    assert rows == [(check.name, check.title) for check in CHECKS]
