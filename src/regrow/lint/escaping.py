"""Texts of others in Markdown: names of files and messages may hold whatever Markdown takes for its own."""

from __future__ import annotations

import re
from typing import Final

from regrow.lint.console import visible

_SPECIAL: Final = re.compile(r"[\\`*_{}\[\]<>#|~]|&(?=#?\w)|^[-+=](?=[-+=\s]|$)")
_NUMBER: Final = re.compile(r"^(\d+)(?=[.)](?:\s|$))")
_TICKS: Final = re.compile("`+")


def plain(text: str) -> str:
    """A text as it is, in one line, wherever it stands."""
    line = visible(" ".join(text.split()))
    return _NUMBER.sub(r"\1\\", _SPECIAL.sub(r"\\\g<0>", line))


def code(text: str, *, in_table: bool = False) -> str:
    """A text as code.

    Args:
        text: The text.
        in_table: Whether it stands in a cell of a table, where a bar has to be escaped. Default False.
    """
    shown = visible(text)
    fence = "`" * (1 + max(map(len, _TICKS.findall(shown)), default=0))
    touches = shown.startswith("`") or shown.endswith("`")
    space = " " if touches or (shown.strip(" ") and shown[0] == shown[-1] == " ") else ""
    if in_table:
        shown = shown.replace("|", "\\|")
    return f"{fence}{space}{shown}{space}{fence}"
