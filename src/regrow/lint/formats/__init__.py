"""What a report looks like: a module per group of formats, imported when one of it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Final, TypeAlias, cast

from regrow.lint.run import Report

Format: TypeAlias = Callable[[Report], Iterator[str]]

_PLACES: Final = {
    "concise": "texts:concise",
    "full": "texts:full",
    "github": "annotations:github",
    "gitlab": "gitlab:gitlab",
    "json": "documents:as_json",
    "json-lines": "documents:as_json_lines",
    "junit": "junit:junit",
    "markdown": "markdown:markdown",
    "sarif": "sarif:sarif",
}
FORMATS: Final = tuple(_PLACES)
"""Their names."""


def rendered(report: Report, name: str) -> Iterator[str]:
    """The lines of a report in a format."""
    module, _, function = _PLACES[name].partition(":")
    form = cast("Format", getattr(import_module(f"{__name__}.{module}"), function))
    return form(report)
