"""What a test changes in the package under test: module globals, class attributes, singletons."""

import gc
import sys
import types
import weakref
from collections import Counter, deque
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.testing.contamination.interpreter import Environment
from regrow.testing.contamination.package import Namespaces

SOURCE = """
from collections import deque

LIMIT = 10
_cache = {}
names = ["a"]
seen = set()
recent = deque([1])
buffer = bytearray(b"x")

class Settings:
    debug = False
    registry = {}

    def __init__(self):
        self.level = 1

    def check(self):
        return True

settings = Settings()
"""


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A package with a module, as an import would have left them."""
    package = ModuleType("myapp")
    module = ModuleType("myapp.core")
    monkeypatch.setitem(sys.modules, "myapp", package)
    monkeypatch.setitem(sys.modules, "myapp.core", module)
    exec(SOURCE, vars(module))
    return module


def the_change(act: Callable[[], object]) -> tuple[str, str, str]:
    """Name, before and after of the one change that `act` makes; it is put back."""
    outer, guard = rt.contamination_guard("myapp"), rt.contamination_guard("myapp")
    with outer, pytest.raises(rg.errors.Contaminated), guard:
        act()
    assert outer.changes == ()
    (change,) = guard.changes
    assert change.kind == "globals"
    return change.name, change.before, change.after


def test_a_global_that_is_set_anew_added_or_taken_away(app: Any) -> None:
    assert the_change(lambda: setattr(app, "LIMIT", 5)) == ("myapp.core.LIMIT", "10", "5")
    assert the_change(lambda: setattr(app, "extra", 1)) == ("myapp.core.extra", "nothing", "1")
    assert the_change(lambda: delattr(app, "LIMIT")) == ("myapp.core.LIMIT", "10", "nothing")
    assert app.LIMIT == 10
    assert not hasattr(app, "extra")


@pytest.mark.parametrize(
    ("name", "act", "before", "after"),
    [
        ("_cache", lambda it: it.update(k=1), "{}", "{'k': 1}"),
        ("names", lambda it: it.append("b"), "['a']", "['a', 'b']"),
        ("names", lambda it: it.__setitem__(0, "c"), "['a']", "['c']"),
        ("seen", lambda it: it.add(1), "set()", "{1}"),
        ("recent", lambda it: it.append(2), "deque([1])", "deque([1, 2])"),
        ("buffer", lambda it: it.extend(b"y"), "bytearray(b'x')", "bytearray(b'xy')"),
    ],
)
def test_a_container_with_something_else_in_it(
    app: Any, name: str, act: Callable[[object], object], before: str, after: str
) -> None:
    container = getattr(app, name)
    assert the_change(lambda: act(container)) == (f"myapp.core.{name}", before, after)
    assert getattr(app, name) is container


def test_a_class_attribute_a_method_and_a_registry_of_a_class(app: Any) -> None:
    owner = app.Settings
    owner.__module__ = "myapp.core"
    before = owner.check
    prefix = "myapp.core.Settings"
    assert the_change(lambda: setattr(owner, "debug", True)) == (f"{prefix}.debug", "False", "True")
    assert the_change(lambda: owner.registry.update(k=1)) == (f"{prefix}.registry", "{}", "{'k': 1}")
    assert the_change(lambda: setattr(owner, "check", bool))[0] == f"{prefix}.check"
    assert owner.check is before


def test_a_singleton_of_the_packages_own_class(app: Any) -> None:
    app.Settings.__module__ = "myapp.core"
    change = the_change(lambda: setattr(app.settings, "level", 9))
    assert change == ("myapp.core.settings", "{'level': 1}", "{'level': 9}")
    assert app.settings.level == 1


def test_a_global_and_what_is_in_it_can_change_together(app: Any) -> None:
    names = app.names

    def act() -> None:
        names.clear()
        app.names = ["z"]

    assert the_change(act) == ("myapp.core.names", "['a']", "['z']")
    assert app.names is names
    assert names == ["a"]


def test_one_thing_under_two_names_and_attributes_that_are_replaced_as_a_whole(app: Any) -> None:
    app.Settings.__module__ = "myapp.core"
    app.alias = app.names
    guard = rt.contamination_guard("myapp")
    with pytest.raises(rg.errors.Contaminated), guard:
        app.alias.append("b")
    assert [change.name for change in guard.changes] == ["myapp.core.names", "myapp.core.alias"]
    assert app.names == ["a"]
    change = the_change(lambda: setattr(app.settings, "__dict__", {"level": 2}))
    assert change == ("myapp.core.settings", "{'level': 1}", "{'level': 2}")
    assert app.settings.level == 1


def test_values_that_are_exchanged_and_names_in_another_order(app: Any) -> None:
    first, second = [1], [1]
    app.pair, app.other, app.another = {"a": first, "b": second}, first, second
    with rt.contamination_guard("myapp") as guard:
        app.other = app.__dict__.pop("other")  # last now
        app.pair["a"] = app.pair.pop("a")
    assert guard.changes == ()
    assert the_change(lambda: setattr(app, "other", second))[0] == "myapp.core.other"
    assert the_change(lambda: app.pair.update(a=second))[0] == "myapp.core.pair"
    assert app.pair["a"] is first


def test_what_a_guard_saw_is_not_kept_for_the_next_one(app: Any) -> None:
    """What nothing else holds ends with the block, and is not found by somebody else's check."""

    class Client:
        """As of a database."""

    app.client = Client()
    gone = weakref.ref(app.client)
    with rt.contamination_guard("myapp"):
        pass
    del app.client
    gc.collect()
    assert gone() is None


def test_equal_numbers_and_texts_are_no_change_and_neither_is_what_is_outside(app: Any) -> None:
    outside = ModuleType("myapplication")
    with rt.contamination_guard("myapp") as guard:
        app.LIMIT = int("10")
        app.__doc__ = "changed"
        outside.value = 1  # type: ignore[attr-defined]
    assert guard.changes == ()


def test_a_quick_look_tells_that_nothing_was_touched(app: Any) -> None:
    package, environment = Namespaces("globals", ["myapp"]), Environment()
    assert not package.is_untouched()  # nothing was read yet
    package.read()
    environment.read()
    assert package.is_untouched()
    assert not environment.is_untouched()  # it has no quick look, and is read again
    app.names.append("b")
    assert not package.is_untouched()
    app.names.pop()
    assert package.is_untouched()
    app.names = ["a"]  # equal, so it is no change, and another one, so it takes a closer look
    assert not package.is_untouched()


def test_modules_that_are_imported_meanwhile_are_no_change(app: Any) -> None:
    """Nor that their package knows them then, nor what a lazy package loads of itself."""
    package = sys.modules["myapp"]
    vars(package)["__getattr__"] = lambda name: name
    late = ModuleType("myapp.late")
    late.__spec__ = types.SimpleNamespace()  # type: ignore[assignment]
    late.value = [1]  # type: ignore[attr-defined]
    with rt.contamination_guard("myapp") as guard:
        sys.modules["myapp.late"] = late
        app.late = late
        package.Lazy = object  # type: ignore[attr-defined]
    assert guard.changes == ()
    del sys.modules["myapp.late"]


def test_an_enumeration_and_odd_containers_are_looked_at_without_harm(app: Any) -> None:
    class Colour(Enum):
        RED = 1

    class Proxy:
        """As of a web framework: outside a request it refuses everything."""

        def __getattribute__(self, name: str) -> object:
            raise RuntimeError(name)

    Colour.__module__ = Proxy.__module__ = "myapp.core"
    app.Colour, app.proxy, app.counts, app.limited = Colour, Proxy(), Counter("aab"), deque([1], maxlen=2)
    with rt.contamination_guard("myapp") as guard:
        assert Colour(1) is Colour.RED
    assert guard.changes == ()
    assert the_change(lambda: app.counts.update("c"))[0] == "myapp.core.counts"
    assert the_change(lambda: app.limited.extend([2, 3]))[0] == "myapp.core.limited"
    assert app.limited == deque([1], maxlen=2)


def test_regrow_itself_has_no_state_that_tests_change() -> None:
    """The package of this very suite, under its own guard."""

    async def main() -> None:
        async with rt.kit() as kit:
            await kit.spawn_supervised(rg.receive)

    with rt.contamination_guard("regrow") as guard:
        rt.run_virtual(main())
    assert guard.changes == ()


# -- which package -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["nope_no_such_pkg", "regrow.nope", "regrow.testing.nope.deeper", "sys.nope"]
)
def test_a_package_that_there_is_not_is_an_error(name: str) -> None:
    text = (
        f"package={name!r} was not found: give the name by which the package under test is imported, and have"
        " it installed or its folder on sys.path"
    )
    for make in (rt.contamination_guard, lambda names: rt.kit("full", package=names)):
        with pytest.raises(rg.errors.PackageNotFound) as caught:
            make(["regrow", name])
        assert str(caught.value) == text
        assert caught.value.name == name


def test_a_package_that_can_not_be_imported_tells_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_one").mkdir()
    (tmp_path / "broken_one" / "__init__.py").write_text("import nope_no_such_pkg")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="No module named 'nope_no_such_pkg'"):
        rt.contamination_guard("broken_one.core")


def test_a_package_that_is_not_imported_yet_is_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "later_one.py").write_text("LIMIT = 1")
    monkeypatch.syspath_prepend(tmp_path)
    with rt.contamination_guard("later_one") as guard:
        assert "later_one" not in sys.modules
    assert guard.changes == ()


def test_a_relative_name_is_refused() -> None:
    with pytest.raises(rg.errors.BadSetting, match="the name of a package, or several"):
        rt.contamination_guard(".core")
