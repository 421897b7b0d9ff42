"""Size budgets: a file holds one idea, a function fits on a screen, the root stays learnable."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.public import NAMES

REPOSITORY = Path(__file__).parents[2]
SOURCE = sorted((REPOSITORY / "src").rglob("*.py"))
MARKER_FILES = REPOSITORY / "tests" / "lint" / "cases"  # bad on purpose, some by their size
TESTS = sorted(one for one in (REPOSITORY / "tests").rglob("*.py") if MARKER_FILES not in one.parents)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def lines_of(function: Function) -> int:
    """The lines of a function without its docstring: prose is not squeezed to fit a budget."""
    end = function.end_lineno or function.lineno
    length = end - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        length -= (first.end_lineno or first.lineno) - first.lineno + 1
    return length


def functions_in(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, Function):
            yield f"{path.relative_to(REPOSITORY)}:{node.lineno} {node.name}", lines_of(node)


@pytest.mark.parametrize(("files", "budget"), [(SOURCE, 400), (TESTS, 600)], ids=["src", "tests"])
def test_no_file_is_too_long(files: list[Path], budget: int) -> None:
    lengths = {str(path.relative_to(REPOSITORY)): len(path.read_text().splitlines()) for path in files}
    assert {path: length for path, length in lengths.items() if length > budget} == {}


def test_no_function_is_too_long() -> None:
    lengths = dict(pair for path in SOURCE for pair in functions_in(path))
    assert {name: length for name, length in lengths.items() if length > 80} == {}


def test_nine_functions_in_ten_are_short() -> None:
    lengths = [length for path in SOURCE for _, length in functions_in(path)]
    assert statistics.quantiles(lengths, n=10)[-1] <= 30


def test_the_root_stays_small() -> None:
    assert len(NAMES) <= 80
