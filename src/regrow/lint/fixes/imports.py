"""Where a file's new imports go."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from regrow.lint.model import Edit


def with_imports(content: str, statements: Iterable[str]) -> str:
    """The text with these imports at module level: after its docstring and its first imports.

    What is imported there already, by the same statement, isn't imported again; an import under
    ``if TYPE_CHECKING`` doesn't count.
    """
    tree = ast.parse(content)
    there = {ast.unparse(one) for one in tree.body}
    wanted = [one for one in dict.fromkeys(statements) if ast.unparse(ast.parse(one)) not in there]
    if not wanted:
        return content
    edit = _insertion(content, tree, wanted)
    return content[: edit.start] + edit.text + content[edit.start :]


def _insertion(content: str, tree: ast.Module, statements: list[str]) -> Edit:
    lines = content.split("\n")
    last: ast.stmt | None = None
    for number, one in enumerate(tree.body):
        is_docstring = number == 0 and isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)
        if not (isinstance(one, ast.Import | ast.ImportFrom) or is_docstring):
            break
        last = one
    if last is None:
        at = sum(len(one) + 1 for one in lines[: _first_line(tree) - 1])
        return Edit(at, at, "".join(f"{one}\n" for one in statements) + "\n")
    assert last.end_lineno is not None
    assert last.end_col_offset is not None
    line = lines[last.end_lineno - 1]
    column = len(line.encode()[: last.end_col_offset].decode())  # ast counts bytes
    at = sum(len(one) + 1 for one in lines[: last.end_lineno - 1]) + column
    rest = line[column:].strip()
    if rest and not rest.startswith("#"):  # `import a; b()`
        return Edit(at, at, "".join(f"; {one}" for one in statements))
    end = content.find("\n", at)
    at = len(content) if end < 0 else end
    is_future = isinstance(last, ast.ImportFrom) and last.module == "__future__"
    blank = "\n" if is_future or isinstance(last, ast.Expr) else ""  # a docstring
    return Edit(at, at, blank + "".join(f"\n{one}" for one in statements))


def _first_line(tree: ast.Module) -> int:
    """The line of the first statement, its decorators included; 1 where there is none."""
    first = tree.body[:1]
    decorators = [mark for one in first for mark in getattr(one, "decorator_list", ())]
    return min([one.lineno for one in (*first, *decorators)], default=1)
