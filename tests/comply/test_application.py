"""An application is what its name says: found, called, and refused if it is no System."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import regrow as rg
from regrow.comply.application import make
from regrow.errors import BadApplication
from regrow.testing import run_virtual
from tests.comply.kit import Plant, Shop, shop

MORE = """

async def later() -> rg.System:
    return make_system()


class Factories:
    @staticmethod
    def make() -> rg.System:
        return make_system()


ONE = rg.System([], strategy="one_for_one")
NUMBER = 3


def needs(missing: int) -> rg.System:
    return make_system()
"""


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Shop]:
    with shop(tmp_path, Plant("main.py", "", MORE, "")) as made:
        yield made


@pytest.mark.parametrize("name", ["make_system", "Factories.make", "ONE"])
def test_a_factory_or_a_system_is_found(copy: Shop, name: str) -> None:
    assert make(f"{copy.package}.main:{name}").state == "not started"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("main:nothing", "has no 'nothing'"),
        ("main:later", "it is an async function"),
        ("main:NUMBER", "it is, or returned, int"),
        ("other:make_system", "there is no module"),
    ],
)
def test_what_is_no_application_is_refused(copy: Shop, name: str, problem: str) -> None:
    with pytest.raises(BadApplication, match=problem):
        make(f"{copy.package}.{name}")


def test_an_error_of_the_factory_is_its_own(copy: Shop) -> None:
    with pytest.raises(TypeError, match="missing"):
        make(f"{copy.package}.main:needs")


def test_a_module_that_it_needs_and_that_is_not_there_is_named(tmp_path: Path) -> None:
    plant = Plant("stock.py", "", "\n\nimport there_is_no_such_module\n", "")
    with shop(tmp_path, plant) as broken, pytest.raises(ModuleNotFoundError, match="no_such_module"):
        make(broken.app)


def test_a_system_that_runs_is_refused(copy: Shop) -> None:
    async def main() -> None:
        system = make(f"{copy.package}.main:ONE")
        async with system:
            with pytest.raises(BadApplication, match="its System is running"):
                make(f"{copy.package}.main:ONE")

    run_virtual(main())


def test_the_same_system_can_be_started_for_each_check(copy: Shop) -> None:
    app = f"{copy.package}.main:ONE"

    async def main() -> list[str]:
        states: list[str] = []
        for _ in range(2):
            async with make(app) as system:
                states.append(system.state)
        return states

    assert run_virtual(main()) == ["running", "running"]
    assert isinstance(make(app), rg.System)
