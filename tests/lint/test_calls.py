"""The calls of qualified functions, however a file imports and writes them."""

import pytest

from regrow.lint.file import SourceFile
from regrow.lint.parsing import parse


def found(text: str, *qualified: str) -> list[str]:
    file = parse(text.encode(), "pkg/here.py", module="pkg.here")
    assert isinstance(file, SourceFile)
    return [name for _, name in file.calls_to(*qualified)]


@pytest.mark.parametrize(
    "text",
    [
        "import sys\nsys.path.append(1)\n",
        "import sys as s\ns.path.append(1)\n",
        "from sys import path\npath.append(1)\n",
        "from sys import path as p\np.append(1)\n",
        "from sys import *\npath.append(1)\n",
        "def f():\n    from sys import path as p\n    p.append(1)\n",
    ],
)
def test_a_method_of_what_is_imported_is_found(text: str) -> None:
    assert found(text, "sys.path.append") == ["sys.path.append"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("import os.path as op\nop.join(1)\n", "os.path.join"),
        ("import os.path\nos.path.join(1)\n", "os.path.join"),
        ("from os.path import join as j\nj(1)\n", "os.path.join"),
        ("from . import other as o\no.make()\n", "pkg.other.make"),
        ("class Own:\n    @classmethod\n    def make(cls): ...\n\nOwn.make()\n", "pkg.here.Own.make"),
        ("def make(): ...\n\nmake()\n", "pkg.here.make"),
        ("open(1)\n", "builtins.open"),
        ("import builtins as b\nb.open(1)\n", "builtins.open"),
    ],
)
def test_a_function_is_found_by_whatever_name(text: str, name: str) -> None:
    assert found(text, name, "asyncio.run") == [name]


@pytest.mark.parametrize(
    "text",
    [
        "import sys\nlines.append(1)\n",
        "import sys\nother.path.append(1)\n",
        "import sys\nsys.path.append\n",
        "path.append(1)\n",
        "import sys\n[].append(1)\n",
    ],
)
def test_what_only_ends_alike_is_not_found(text: str) -> None:
    assert found(text, "sys.path.append") == []
