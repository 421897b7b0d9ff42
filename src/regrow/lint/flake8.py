"""flake8's plugin: the same findings under the same codes, by the same settings.

flake8 finds it by the entry point ``RG`` of the group ``flake8.extension``; flake8 itself is not imported.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from regrow.errors.lint import RuleFailed
from regrow.lint.configuration import Configuration, discover
from regrow.lint.discovery import absolute, source
from regrow.lint.run import check_text


class Plugin:
    """One file. flake8 makes one of these for each, and runs it.

    Args:
        tree: The file's tree, which makes flake8 call this once for each file. The file is parsed again: its
            place in flake8 is after plugins that may have changed the tree.
        filename: Its path, or ``stdin``.
        lines: Its lines, decoded and with line feeds as line ends.

    Raises:
        LintError: The settings can't be used, or a rule failed; flake8 shows it in one line.
    """

    def __init__(self, tree: ast.AST, filename: str, lines: Sequence[str]) -> None:
        del tree
        # All of it here: flake8 tells of errors in this method in one line, of those in `run` by a traceback.
        configuration = _configuration(Path.cwd())
        file = source(absolute(Path(filename)), configuration)
        self._report = check_text(_bytes("".join(lines)), file, configuration)
        for failure in self._report.failures:
            raise RuleFailed(failure.code, failure.error, failure.place)

    def run(self) -> Iterator[tuple[int, int, str, type]]:
        """The findings: line from 1 on, column from 0 on, and a text that starts with the code."""
        for one in self._report.findings:
            yield one.line, one.column - 1, f"{one.code} {one.message}", type(self)


@lru_cache(maxsize=1)
def _configuration(folder: Path) -> Configuration:
    return discover(folder)


def _bytes(text: str) -> bytes:
    """As they may have been in the file: by its own coding line."""
    data = text.encode()
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return text.encode(encoding)
