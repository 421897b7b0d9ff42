"""All rules there are: ours, and those of other distributions' entry points ``regrow.rules``."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from pathlib import Path

from regrow.lint import rules
from regrow.lint.plugins import offered
from regrow.lint.rule import Rule


@lru_cache(maxsize=1)
def own_rules() -> tuple[Rule, ...]:
    """Regrow's rules, sorted by their codes."""
    found: list[Rule] = []
    for name in _modules():
        if name.startswith("rg"):
            rule = import_module(f"{rules.__name__}.{name}").RULE
            assert isinstance(rule, Rule)
            found.append(rule)
    return tuple(sorted(found, key=lambda rule: rule.code))


def _modules() -> Iterable[str]:
    folder = Path(rules.__path__[0])
    if folder.is_dir():
        return [file.stem for file in folder.glob("*.py")]
    # In an archive. Its import, and those in it, take as long as three files of a thousand lines.
    import pkgutil  # noqa: PLC0415

    return [module.name for module in pkgutil.iter_modules(rules.__path__)]


@lru_cache(maxsize=1)
def all_rules() -> tuple[Rule, ...]:
    """Our rules, and those of other distributions, sorted by their codes.

    Raises:
        BadRule: What another distribution offers as a rule is none.
    """
    own = own_rules()
    return tuple(sorted((*own, *offered(own)), key=lambda rule: rule.code))


def summary(rule: Rule) -> str:
    """What it finds, in one line."""
    return page(rule).partition("\n")[0]


def page(rule: Rule) -> str:
    """The rule's page, in markdown: the docstring of its module."""
    from inspect import cleandoc  # noqa: PLC0415  # a run that only checks doesn't need it

    return cleandoc(import_module(type(rule).__module__).__doc__ or "")
