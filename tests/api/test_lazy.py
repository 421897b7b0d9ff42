"""The root is lazy, and its two lists of names agree."""

import ast
import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import regrow
from tests.api.public import ERRORS, NAMES

ROOT = Path(regrow.__file__)
HEAVY = ("regrow.runtime", "regrow.core", "msgspec", "asyncio", "click", "rich", "apsw")


def loaded_after(statement: str) -> set[str]:
    """The modules of a fresh interpreter that ran one statement."""
    program = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True, timeout=30
    )
    return set(done.stdout.split())


def names_for_type_checkers() -> dict[str, str]:
    """Public name -> module, out of the `if TYPE_CHECKING` block."""
    found: dict[str, str] = {}
    for block in ast.parse(ROOT.read_text()).body:
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING":
            for statement in block.body:
                assert isinstance(statement, ast.ImportFrom), ast.unparse(statement)
                for alias in statement.names:
                    assert alias.asname == alias.name, f"write it `{alias.name} as {alias.name}`"
                    found[alias.name] = statement.module or ""
    return found


def names_for_the_interpreter() -> dict[str, str]:
    """Public name -> module, out of the table."""
    tables: dict[str, object] = {}
    for statement in ast.parse(ROOT.read_text()).body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            assert statement.value is not None
            tables[statement.target.id] = ast.literal_eval(statement.value)
    homes, submodules = tables["_HOMES"], tables["_SUBMODULES"]
    assert isinstance(homes, dict)
    assert isinstance(submodules, tuple)
    return {name: module for module, names in homes.items() for name in names} | dict.fromkeys(
        submodules, "regrow"
    )


def test_importing_the_root_loads_nothing_heavy() -> None:
    assert loaded_after("import regrow").isdisjoint(HEAVY)


def test_importing_the_errors_loads_nothing_heavy() -> None:
    assert loaded_after("import regrow.errors").isdisjoint(HEAVY)


def test_an_error_s_module_loads_no_other_errors() -> None:
    """The linter's start is a matter of that."""
    loaded = loaded_after("import regrow.errors.lint")
    assert {name for name in loaded if name.startswith("regrow.")} == {
        *("regrow.errors", "regrow.errors.base", "regrow.errors.lint"),
    }


def test_the_type_checkers_and_the_interpreter_see_the_same_errors() -> None:
    root = Path(str(regrow.errors.__file__))
    block = next(one for one in ast.parse(root.read_text()).body if isinstance(one, ast.If))
    modules, names = set[str](), set[str]()
    for one in block.body:
        assert isinstance(one, ast.ImportFrom)
        module = import_module(str(one.module))
        listed = {alias.name for alias in one.names}
        names |= set(vars(module)["__all__"]) if listed == {"*"} else listed
        modules.add(module.__name__.rpartition(".")[2])
    assert modules == {file.stem for file in root.parent.glob("*.py")} - {"__init__"}
    assert names == set(ERRORS) == set(vars(regrow.errors)["__getattr__"]("__all__"))
    with pytest.raises(AttributeError, match=r"'regrow\.errors' has no attribute 'Waiting'"):
        regrow.errors.Waiting  # type: ignore[attr-defined]  # noqa: B018


def test_asking_for_all_names_leaves_the_command_and_its_libraries_out() -> None:
    loaded = loaded_after("import regrow\nfor name in regrow.__all__: getattr(regrow, name)")
    assert loaded.isdisjoint({"click", "rich", "pytest", "hypothesis", "uvloop", "regrow.cli"})


def test_the_type_checkers_and_the_interpreter_see_the_same_names() -> None:
    assert names_for_type_checkers() == names_for_the_interpreter()


def test_every_name_has_one_home() -> None:
    homes = names_for_the_interpreter()
    assert sorted(homes) == NAMES


@pytest.mark.parametrize("name", sorted(names_for_the_interpreter()))
def test_every_name_resolves_and_stays(name: str) -> None:
    value = getattr(regrow, name)
    assert getattr(regrow, name) is value
    assert name in dir(regrow)


def test_the_module_a_name_gives_is_one_where_it_is_found() -> None:
    """What tracebacks, pickles and `repr` show can be imported, by a path without private parts."""
    for value in (getattr(regrow, name) for name in NAMES):
        if inspect.isclass(value) or inspect.isfunction(value):
            assert not any(part.startswith("_") for part in value.__module__.split(".")), value
            assert getattr(sys.modules[value.__module__], value.__name__) is value


def test_errors_say_that_they_live_in_errors() -> None:
    """A traceback names an error as the program that catches it does."""
    assert {name: error.__module__ for name, error in ERRORS.items()} == dict.fromkeys(
        ERRORS, "regrow.errors"
    )


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'regrow' has no attribute 'Sytem'"):
        regrow.Sytem  # type: ignore[attr-defined]  # noqa: B018
