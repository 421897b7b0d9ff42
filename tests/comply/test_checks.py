"""Each check passes on the shop as it is, and finds each fault that is planted for it."""

from pathlib import Path

import pytest

from regrow.comply.checks import CHECKS
from tests.comply.kit import Plant, check_named, shop
from tests.comply.plants import ASK, PLANTS

CASES = [
    pytest.param(
        name,
        plant,
        id=f"{name}-{number}",
        marks=pytest.mark.regrow(allow_leaks=(plant.leaves,), reason="it is planted") if plant.leaves else (),
    )
    for name, plants in PLANTS.items()
    for number, plant in enumerate(plants)
]


@pytest.mark.parametrize("name", [check.name for check in CHECKS])
def test_the_shop_as_it_is_passes(name: str, tmp_path: Path) -> None:
    with shop(tmp_path) as copy:
        outcomes = copy.outcomes(name)
    assert [(one.subject, one.details) for one in outcomes if one.status != "passed"] == []
    assert outcomes


@pytest.mark.parametrize(("name", "plant"), CASES)
def test_a_planted_fault_is_found(name: str, plant: Plant, tmp_path: Path) -> None:
    with shop(tmp_path, plant) as copy:
        outcomes = copy.outcomes(name)
    found = [detail for one in outcomes if one.status == "failed" for detail in one.details]
    assert any(plant.says in detail for detail in found), outcomes


def test_what_grows_by_itself_is_not_a_restarts_leak(tmp_path: Path) -> None:
    often = Plant("stock.py", '"look", 10.0)', '"look", 0.25)', "")
    grows = Plant("stock.py", ASK, "            self.system.events.subscribe('process', id)\n", "")
    with shop(tmp_path, often, grows) as copy:
        outcomes = {one.subject: one.details for one in copy.outcomes("restart-leaks")}
    assert outcomes["root/door"] == outcomes["root/desk/till"] == ()


def test_every_check_has_a_planted_fault() -> None:
    assert {check.name for check in CHECKS} == set(PLANTS)
    assert all(PLANTS.values())


def test_the_checks_have_names_of_their_own() -> None:
    assert len({check.name for check in CHECKS}) == len({check.title for check in CHECKS}) == len(CHECKS)
    assert check_named("kill-child").title.startswith("when a child is killed")
