"""Copies of the shop, each under a name of its own, with a fault planted."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from regrow.comply.check import Check
from regrow.comply.checks import CHECKS
from regrow.comply.context import Context
from regrow.comply.model import Outcome
from regrow.comply.options import Options
from regrow.comply.run import outcomes_of

APPS: Final = Path(__file__).parent / "apps"
SETTINGS: Final = "[tool.pytest.ini_options]\ntimeout = 10\n[tool.regrow.check]\n"
IMPORTS: Final = "import regrow as rg\n"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Plant:
    """One fault: a text of a file is replaced.

    Attributes:
        file: ``stock.py``, or ``test_shop.py`` for the shop's tests; added where there is none.
        old: What stands there once; empty for "at the end".
        new: What stands there instead.
        says: What the check says of it.
        head: What stands below the file's imports as well.
        leaves: What kind of thing it leaves behind, for the guard of the test itself.
    """

    file: str
    old: str
    new: str
    says: str
    head: str = ""
    leaves: str = ""


@dataclass(slots=True)
class Shop:
    """A copy of the shop.

    Attributes:
        root: Its folder.
        package: Its name.
    """

    root: Path
    package: str
    excuse: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def app(self) -> str:
        """Its application."""
        return f"{self.package}.main:make_system"

    def options(self) -> Options:
        """All of it, checked in its own folder."""
        return Options(self.package, self.app, tests=(self.root / "tests",))

    def outcomes(self, name: str) -> list[Outcome]:
        """What one check says of it."""
        return list(outcomes_of(check_named(name), Context(self.options()), self.excuse))


def check_named(name: str) -> Check:
    """A check."""
    return next(one for one in CHECKS if one.name == name)


@contextmanager
def shop(root: Path, *plants: Plant) -> Iterator[Shop]:
    """A copy of the shop that can be imported while the block runs."""
    package = f"shop{next(_numbers)}"
    copy = Shop(root, package)
    files = {f"{package}/{one.name}": one.read_text() for one in (APPS / "shop").glob("*.py")}
    files["tests/test_shop.py"] = (APPS / "suite.py").read_text()
    for plant in plants:
        place = f"tests/{plant.file}" if plant.file.startswith("test_") else f"{package}/{plant.file}"
        files[place] = planted(files.get(place, ""), plant)
    for place, text in files.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_text(text.replace("from tests.comply.apps.shop.", f"from {package}."))
    (root / "pyproject.toml").write_text(SETTINGS)
    sys.path.insert(0, str(root))
    try:
        yield copy
    finally:
        sys.path.remove(str(root))
        for name in [one for one in sys.modules if one.partition(".")[0] == package]:
            timer = getattr(sys.modules.pop(name), "TIMER", None)
            if timer is not None:
                timer.cancel()
                timer.join()


def planted(text: str, plant: Plant) -> str:
    """A text with a fault planted."""
    if not plant.old:
        return text + plant.new
    assert text.count(plant.old) == 1, f"{plant.old!r} has to stand once in {plant.file}"
    text = text.replace(plant.old, plant.new)
    return text.replace(IMPORTS, f"{IMPORTS}{plant.head}", 1)
