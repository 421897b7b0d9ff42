"""A fix writes a library's names as the file does, and says which import it takes where there is none."""

import ast

import pytest

from regrow.lint.file import SourceFile
from regrow.lint.fixes.imports import with_imports
from regrow.lint.fixes.spelling import Spelling, spelled
from regrow.lint.model import Fix, Safety
from regrow.lint.parsing import parse

SEND = "regrow.supervised_send"
WAIT = "regrow.testing.wait_for"


def at_mark(source: str, name: str) -> Spelling | Fix:
    """How `name` is written in the place of ``HERE``."""
    file = parse(source.encode(), "a.py", module="a")
    assert isinstance(file, SourceFile)
    (mark,) = (one for one in file.index.of(ast.Name) if one.id == "HERE")
    return spelled(file, name, mark)


@pytest.mark.parametrize(
    ("source", "name", "text"),
    [
        ("import regrow as rg\nHERE", SEND, "rg.supervised_send"),
        ("import regrow\nHERE", SEND, "regrow.supervised_send"),
        ("import regrow as r\nHERE", WAIT, "r.testing.wait_for"),
        ("import regrow.testing\nHERE", WAIT, "regrow.testing.wait_for"),
        ("import regrow.testing as t\nHERE", WAIT, "t.wait_for"),
        ("from regrow import testing\nHERE", WAIT, "testing.wait_for"),
        ("from regrow import supervised_send as y\nHERE", SEND, "y"),
        ("import regrow as rg\nfrom regrow.testing import wait_for\nHERE", WAIT, "wait_for"),
        ("def f():\n    import regrow as rg\n    HERE", SEND, "rg.supervised_send"),
        ("def f():\n    HERE\nimport regrow as rg", SEND, "rg.supervised_send"),
        (
            "try:\n    import regrow as rg\nexcept ImportError:\n    rg = None\nHERE",
            SEND,
            "rg.supervised_send",
        ),
        ("import asyncio as aio\nHERE", "asyncio.CancelledError", "aio.CancelledError"),
        ("import asyncio.tasks\nHERE", "asyncio.CancelledError", "asyncio.CancelledError"),
        ("import os.path\nHERE", "os.path.join", "os.path.join"),
    ],
)
def test_an_import_that_is_there_is_used(source: str, name: str, text: str) -> None:
    assert at_mark(source, name) == Spelling(text)


@pytest.mark.parametrize(
    ("source", "name", "text", "statement"),
    [
        ("HERE", SEND, "rg.supervised_send", "import regrow as rg"),
        ("HERE", WAIT, "rt.wait_for", "import regrow.testing as rt"),
        ("HERE", "asyncio.CancelledError", "asyncio.CancelledError", "import asyncio"),
        ("rg = 1\nHERE", SEND, "regrow.supervised_send", "import regrow"),
        ("def f(rg): HERE", SEND, "regrow.supervised_send", "import regrow"),
        ("from x import *\nrg.f()\nHERE", SEND, "regrow.supervised_send", "import regrow"),
        ("def f(rg): ...\nHERE", SEND, "rg.supervised_send", "import regrow as rg"),
        (
            "if TYPE_CHECKING:\n    import regrow as r\nHERE",
            SEND,
            "rg.supervised_send",
            "import regrow as rg",
        ),
        ("def f():\n    import regrow as r\nHERE", SEND, "rg.supervised_send", "import regrow as rg"),
        ("def f():\n    HERE\n    import regrow as r", SEND, "rg.supervised_send", "import regrow as rg"),
        ("[HERE for x in y]\nimport regrow as r", SEND, "rg.supervised_send", "import regrow as rg"),
        ("import xml\nHERE", "xml.sax.parse", "xml.sax.parse", None),
        ("from .regrow import x\nHERE", SEND, "rg.supervised_send", "import regrow as rg"),
    ],
)
def test_else_an_import_is_added_under_a_name_that_is_free(
    source: str, name: str, text: str, statement: str | None
) -> None:
    found = at_mark(source, name)
    if statement is None:
        assert isinstance(found, Fix)
        return
    assert found == Spelling(text, (statement,))
    assert isinstance(at_mark(with_imports(source, [statement]), name), Spelling)


def test_where_no_name_is_free_a_human_is_told_so() -> None:
    found = at_mark("def f(rg, regrow): HERE", SEND)
    assert isinstance(found, Fix)
    assert (found.safety, found.edits) == (Safety.DISPLAY, ())
    assert "rg and regrow are something else here" in found.message
