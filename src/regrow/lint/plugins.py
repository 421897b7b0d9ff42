"""Rules of other distributions: the entry points of the group ``regrow.rules``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from regrow.errors.lint import BadRule
from regrow.lint.rule import Rule, known_names

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP: Final = "regrow.rules"
_CODE: Final = re.compile(r"(?!RG)[A-Z]{2,10}[0-9]{3}\Z")
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")


def offered(known: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules that the distributions on this interpreter's path offer.

    Args:
        known: Rules whose codes and names are taken.

    Raises:
        BadRule: What is offered can't be imported, is no rule, or takes a code or name that is taken.
    """
    taken = dict.fromkeys(known_names(known), "of Regrow's own")
    rules: list[Rule] = []
    for point in _entry_points():
        place = f"{point.name} = {point.value}"
        rule = _loaded(point, place)
        if not _CODE.match(rule.code):
            raise BadRule(place, f"its code {rule.code!r} has to be capitals other than RG and three digits")
        if not _NAME.match(rule.name):
            raise BadRule(place, f"its name {rule.name!r} has to be in kebab-case")
        for name in (rule.code, rule.name):
            if name in taken:
                raise BadRule(place, f"{name} is the code or name of a rule {taken[name]}")
            taken[name] = f"of the entry point {place}"
        rules.append(rule)
    return tuple(rules)


def _loaded(point: EntryPoint, place: str) -> Rule:
    try:
        rule: object = point.load()
    except (Exception, SystemExit) as error:  # what a foreign module raises may be anything
        raise BadRule(place, f"{type(error).__name__}: {' '.join(str(error).split())}") from error
    if not isinstance(rule, Rule):
        raise BadRule(place, f"it is {rule!r:.80}")
    for attribute in ("code", "name"):
        if not isinstance(getattr(rule, attribute, None), str):
            raise BadRule(place, f"it has no {attribute}")
    return rule


def _entry_points() -> Iterator[EntryPoint]:
    if not any(GROUP.encode() in _data(file) for file in _files()):
        return
    # Its import takes longer than all rules do.
    from importlib.metadata import entry_points  # noqa: PLC0415

    yield from sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value))


def _files() -> Iterator[Path]:
    for folder in map(Path, sys.path):
        for kind in ("dist-info", "egg-info"):
            yield from folder.glob(f"*.{kind}/entry_points.txt")


def _data(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
