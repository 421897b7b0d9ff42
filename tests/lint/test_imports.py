"""New imports stand where they may, once."""

import pytest

from regrow.lint.fixes.imports import with_imports


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1\n", "import regrow as rg\n\nx = 1\n"),
        ("# licence\n@a\ndef f(): ...\n", "# licence\nimport regrow as rg\n\n@a\ndef f(): ...\n"),
        ('"""Doc."""\n\nx = 1\n', '"""Doc."""\n\nimport regrow as rg\n\nx = 1\n'),
        (
            "from __future__ import annotations\nimport os  # é\nx = 1\n",
            "from __future__ import annotations\nimport os  # é\nimport regrow as rg\nx = 1\n",
        ),
        (
            "from __future__ import annotations\n\nx = 1\n",
            "from __future__ import annotations\n\nimport regrow as rg\n\nx = 1\n",
        ),
        ("import os; x = 1\n", "import os; import regrow as rg; x = 1\n"),
        ("from os import (\n    path,\n)", "from os import (\n    path,\n)\nimport regrow as rg"),
        (
            "# coding: latin-1\n'é'; import os; é = 1\n",
            "# coding: latin-1\n'é'; import os; import regrow as rg; é = 1\n",
        ),
        ("import regrow as rg\n", "import regrow as rg\n"),
        (
            "if TYPE_CHECKING:\n    import regrow as rg\n",
            "import regrow as rg\n\nif TYPE_CHECKING:\n    import regrow as rg\n",
        ),
    ],
)
def test_an_import_is_added_where_it_is_missing(before: str, after: str) -> None:
    assert with_imports(before, ["import regrow as rg"]) == after
    assert with_imports(after, ["import regrow as rg"]) == after
