"""Small projects, run by pytest within this process."""

import importlib
import inspect
import pkgutil

import pytest

import regrow

# The runs within this process forget what was first imported in one of them; who imports it again later gets
# other classes of the same names. Let all of it be imported before.
for module in pkgutil.walk_packages(regrow.__path__, "regrow."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)

PYPROJECT = """
[tool.pytest.ini_options]
asyncio_default_fixture_loop_scope = "function"
filterwarnings = ["error"]
xfail_strict = true
"""
QUIET = (
    *("-p", "no:cacheprovider"),
    *("-p", "no:faulthandler"),
    *("-p", "no:hypothesispytest"),
    *("-p", "no:timeout"),
)
LOOP = """
import asyncio
import pytest
import regrow as rg

STOCK = "asyncio.unix_events._UnixSelectorEventLoop"
VIRTUAL = "regrow.testing.virtual.loop.VirtualLoop"

def loop_name():
    loop = asyncio.get_running_loop()
    return f"{type(loop).__module__}.{type(loop).__qualname__}"

"""
ASYNCIO = f"{LOOP}\npytestmark = pytest.mark.asyncio; from pytest_asyncio import fixture as async_fixture\n"
ANYIO = f"{LOOP}\npytestmark = pytest.mark.anyio; async_fixture = pytest.fixture\n"


def make(pytester: pytest.Pytester, tests: str, *, settings: str | None = "", head: str = ASYNCIO) -> None:
    """Write a project with one module of tests; without settings it has no table ``[tool.regrow.test]``."""
    table = "" if settings is None else f"[tool.regrow.test]\n{inspect.cleandoc(settings)}\n"
    (pytester.path / "pyproject.toml").write_text(table + PYPROJECT)
    (pytester.path / "test_it.py").write_text(f"{head}\n{inspect.cleandoc(tests)}\n")


def run(
    pytester: pytest.Pytester,
    tests: str,
    *args: str,
    settings: str | None = "",
    head: str = ASYNCIO,
) -> pytest.RunResult:
    """Make a project and run its tests."""
    make(pytester, tests, settings=settings, head=head)
    return pytester.runpytest_inprocess(*QUIET, *args)


def outcomes(result: pytest.RunResult) -> dict[str, int]:
    """How many tests passed, failed and so on; "errors" failed in set-up or at their end."""
    return result.parseoutcomes()
