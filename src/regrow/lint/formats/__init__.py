"""What a report looks like: a module per format, each a function that yields lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from regrow.lint.formats.annotations import github
from regrow.lint.formats.documents import as_json, as_json_lines
from regrow.lint.formats.texts import concise, full
from regrow.lint.run import Report

Format: TypeAlias = Callable[[Report], Iterator[str]]

FORMATS: Final[dict[str, Format]] = {
    "concise": concise,
    "full": full,
    "github": github,
    "json": as_json,
    "json-lines": as_json_lines,
}
