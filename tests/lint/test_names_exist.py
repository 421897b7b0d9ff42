"""Every name of Regrow's that the linter's rules, fixes and pages mention exists."""

import inspect
import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

import regrow as rg
import regrow.lint
import regrow.testing as rt
from regrow.lint.fixes.timeouts import SECONDS
from tests.lint.cases import CASES

LINT = Path(regrow.lint.__file__).parent
FILES = sorted(LINT.rglob("*.py"))
NAME = re.compile(r"(?<![\w./@-])(regrow|rg|rt)((?:\.[A-Za-z_]\w*)+)(?![\w/-])")
MODULES = {"regrow": "regrow", "rg": "regrow", "rt": "regrow.testing"}
NO_NAMES = frozenset({"regrow.rules"})
"""What looks like one: the group of entry points."""


def missing(text: str) -> set[str]:
    """The names in a text that don't exist."""
    found = {(head, tail) for head, tail in NAME.findall(text) if head + tail not in NO_NAMES}
    return {head + tail for head, tail in found if not exists(MODULES[head], tail)}


def exists(module: str, tail: str) -> bool:
    value: object = import_module(module)
    path = module
    for part in tail.removeprefix(".").split("."):
        path = f"{path}.{part}"
        if hasattr(value, part):
            value = getattr(value, part)
        elif hasattr(value, "__path__") and find_spec(path) is not None:
            value = import_module(path)
        else:
            return False
    return True


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(LINT).as_posix())
def test_every_name_of_ours_exists(file: Path) -> None:
    assert missing(file.read_text()) == set()


def test_what_fixes_have_written_exists() -> None:
    texts = [path.read_text() for path in sorted(CASES.rglob("*.fixed"))]
    assert len(texts) > 5
    assert set().union(*map(missing, texts)) == set()


def test_the_arguments_that_fixes_write_exist() -> None:
    assert {"default", "long"} <= set(rg.TimeoutTable().names)
    assert rg.TimeoutTable().entries["long"] == SECONDS
    for function, names in (
        (rg.supervised_send, {"timeout"}),
        (rg.start_task, {"link"}),
        (rg.sync, {"timeout"}),
        (rt.wait_for, {"timeout", "message"}),
        (rg.supervisor, {"strategy", "max_restarts", "max_seconds"}),
    ):
        assert names <= set(inspect.signature(function).parameters)


def test_a_name_that_is_not_there_is_seen() -> None:
    text = (
        "rg.supervised_send, rg.supervized_send(x) `regrow.testing.wait_for` regrow.runtime.nobody rt.wait4"
    )
    assert missing(text) == {"rg.supervized_send", "regrow.runtime.nobody", "rt.wait4"}
