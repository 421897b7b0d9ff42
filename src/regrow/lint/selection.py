"""Which rules are on: codes, prefixes of codes, names, and ``ALL``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from regrow.errors.lint import UnknownRule
from regrow.lint.rule import Rule, known_names
from regrow.lint.settings import Settings

ALL: Final = "ALL"


def selected(rules: Sequence[Rule], settings: Settings) -> tuple[Rule, ...]:
    """The rules that are on, in the order given.

    A rule that is off by default is on only where its own code or name is selected; ``ignore`` beats both.

    Raises:
        UnknownRule: A selector means no rule.
    """
    wide = matching(rules, settings.select, "select")
    extra = matching(rules, settings.extend_select, "extend-select")
    off = matching(rules, settings.ignore, "ignore")
    exact = {*settings.select, *settings.extend_select}
    return tuple(
        rule
        for rule in rules
        if rule.code in wide | extra
        and rule.code not in off
        and (rule.default or rule.code in exact or rule.name in exact)
    )


def matching(rules: Sequence[Rule], selectors: Iterable[str], where: str) -> frozenset[str]:
    """The codes of the rules that selectors mean, those off by default among them.

    Raises:
        UnknownRule: A selector means no rule.
    """
    codes: set[str] = set()
    for selector in selectors:
        found = {rule.code for rule in rules if _means(selector, rule)}
        if not found and selector != ALL:
            raise UnknownRule(selector, where, nearest(selector, rules))
        codes |= found
    return frozenset(codes)


def nearest(selector: str, rules: Iterable[Rule]) -> str | None:
    """The code or name that was probably meant; None if nothing is like it."""
    import difflib  # noqa: PLC0415  # for errors alone

    return next(iter(difflib.get_close_matches(selector, known_names(rules), n=1)), None)


def _means(selector: str, rule: Rule) -> bool:
    return selector in {ALL, rule.name} or (bool(selector) and rule.code.startswith(selector))
