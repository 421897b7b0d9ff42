"""Code of a test that is there to fail: what stands under ``pytest.raises`` and its like."""

from __future__ import annotations

import ast
from typing import Final

from regrow.lint.file import SourceFile
from regrow.lint.names import FUNCTIONS, last_name

_RAISES: Final = frozenset({"raises", "assertRaises", "assertRaisesRegex"})


def is_expected_to_fail(file: SourceFile, node: ast.AST) -> bool:
    """Whether a `with` around it, in the same function, says which error it is to raise.

    ``pytest.raises``, ``assertRaises`` and ``assertRaisesRegex`` are known by their last names, as
    fixtures and base classes hand them on.
    """
    for parent in file.ancestors(node):
        if isinstance(parent, FUNCTIONS):
            return False
        if isinstance(parent, ast.With | ast.AsyncWith) and any(
            _raises(item.context_expr) for item in parent.items
        ):
            return True
    return False


def _raises(context: ast.expr) -> bool:
    return isinstance(context, ast.Call) and last_name(context.func) in _RAISES
