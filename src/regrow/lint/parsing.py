"""From a file's bytes to what rules see, or to the finding that says why not."""

from __future__ import annotations

import ast
import warnings
from typing import Final

from regrow.lint.file import SourceFile
from regrow.lint.model import Finding, Role
from regrow.lint.project import Project
from regrow.lint.settings import Settings
from regrow.lint.text import Text

CODE: Final = "RG001"
NAME: Final = "unreadable-file"


def parse(
    data: bytes,
    path: str,
    *,
    module: str = "",
    role: Role = Role.CODE,
    settings: Settings | None = None,
    project: Project | None = None,
) -> SourceFile | Finding:
    """Parse a file.

    Args:
        data: Its bytes.
        path: Posix, as findings show it.
        module: Its dotted name, empty if it is unknown.
        role: What it is for.
        settings: The settings of the run. Default: the defaults.
        project: What is known of other files. Default: nothing.

    Returns:
        The file, or the finding ``RG001`` that says where and why it can't be parsed.
    """
    null = data.find(b"\0")
    if null >= 0:  # Pythons raise different errors, and none of them says where
        return _unparsed(path, "it holds a null byte", data.count(b"\n", 0, null) + 1)
    try:
        text = Text(data)
        with warnings.catch_warnings():  # `"\d"` and `x is 1` are the compiler's findings, not ours
            warnings.simplefilter("ignore")
            tree = ast.parse(text.content)
    except SyntaxError as error:
        return _unparsed(path, error.msg, error.lineno or 1, error.offset or 1)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return _unparsed(path, f"not {error.encoding}: byte {data[error.start]:#04x}", line)
    except (LookupError, UnicodeError):  # hex, rot13, undefined: codecs, but not of a text
        return _unparsed(path, "its coding line names no text encoding")
    except (RecursionError, MemoryError):
        return _unparsed(path, "nested too deeply for Python's own parser")
    return SourceFile(path, text, tree, module=module, role=role, settings=settings, project=project)


def unreadable(path: str, message: str, line: int = 1, column: int = 1) -> Finding:
    """The finding ``RG001``: why nobody, or not every rule, can look at a file."""
    return Finding(CODE, NAME, message, path, line, column, line, column + 1)


def _unparsed(path: str, why: str, line: int = 1, column: int = 1) -> Finding:
    return unreadable(path, f"can't be parsed: {why}", line, max(column, 1))
