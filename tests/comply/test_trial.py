"""An application that would keep the checks from their end is found in a process of its own."""

from dataclasses import replace
from pathlib import Path

import pytest

from regrow.comply import describe
from regrow.comply.killing import kill
from regrow.errors import LoopHeld
from tests.cli.kit import regrow
from tests.comply.kit import Plant, shop
from tests.comply.plants import MAKE, SYSTEM

INIT = '        self.left = {"pear": 3}\n'
FOR_EVER = "while True:\n            pass\n"


def builds(tmp_path: Path, plant: Plant) -> tuple[str, tuple[str, ...]]:
    with shop(tmp_path, plant) as copy:
        [outcome] = copy.outcomes("builds")
    return outcome.status, outcome.details


@pytest.mark.parametrize(
    "plant",
    [
        Plant("main.py", MAKE, f"{MAKE}    import time\n    time.sleep(3600)\n", ""),
        Plant("stock.py", INIT, f"{INIT}        {FOR_EVER}", ""),
    ],
    ids=["factory", "init"],
)
def test_what_blocks_fails_in_one_line(plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(describe, "LIMIT", 2.0)
    status, [detail] = builds(tmp_path, plant)
    assert status == "failed"
    assert "it didn't start and stop within 2 s of real time" in detail
    assert "\n" not in detail


@pytest.mark.parametrize(
    "plant",
    [
        Plant("main.py", MAKE, f"{MAKE}    import os\n    os._exit(0)\n", ""),
        Plant("ends.py", "", "import os\n\nos._exit(0)\n", ""),
    ],
    ids=["factory", "module"],
)
def test_what_ends_the_whole_python_fails_the_command(
    plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with shop(tmp_path, plant) as copy:
        done = regrow("comply", "--app", copy.app)
    assert done.code == 1
    assert "it ended the whole Python, with exit code 0, as it ran" in done.out


def test_a_factory_that_returns_the_same_system_again_is_refused(tmp_path: Path) -> None:
    fresh = MAKE.replace("make_system", "fresh")
    once = f"    if not MADE:\n        MADE.append(fresh())\n    return MADE[0]\n\n\n{fresh}"
    plant = Plant("main.py", MAKE, f"{MAKE}{once}", "", "\nMADE: list[rg.System] = []\n")
    status, [detail] = builds(tmp_path, plant)
    assert status == "failed"
    assert "its factory returns the same System again" in detail


def test_a_run_that_is_refused_for_its_own_reason_says_that_reason(tmp_path: Path) -> None:
    plant = Plant("main.py", SYSTEM, "    return list([stock, desk", "")
    status, [detail] = builds(tmp_path, plant)
    assert status == "failed"
    assert "TypeError: list()" in detail


def test_what_blocks_when_it_is_started_again_is_interrupted(tmp_path: Path) -> None:
    """A planted sleep of an hour: an interrupt that doesn't come is the limit of the test itself."""
    again = f"{INIT}        STARTS.append(1)\n        if len(STARTS) > 1:\n            time.sleep(3600)\n"
    plant = Plant("stock.py", INIT, again, "", "import time\n\nSTARTS: list[int] = []\n")
    with shop(tmp_path, plant) as copy:
        seen = kill(replace(copy.options(), loop={"limit": 1.0}), "root/goods/stock")
    assert isinstance(seen.error, LoopHeld)
    assert "interrupted after 2 s of real time at " in str(seen.error)
    assert "stock.py" in str(seen.error)
