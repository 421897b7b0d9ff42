"""What a rule is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar

from regrow.lint.model import Finding, Safety, Scope, Severity

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile


class Rule(ABC):
    """One rule, in a module of its own whose docstring is the rule's page.

    The page's first line says what the rule finds. Its sections are ``## What it does``,
    ``## Why is this bad?``, ``## Example``, ``## Use instead`` and, where they say something,
    ``## Fix safety``, ``## Options``, ``## Known problems``, ``## References``.

    Attributes:
        code: ``RG`` and three digits; users' own rules take letters of their own. Never used for
            another rule again.
        name: In kebab-case.
        since: The version that has it first.
        severity: How bad a finding is.
        scope: The files that it looks at.
        default: Whether it is on where nobody selects it.
        fix: The safety of its fixes, of the safest where they differ; None if it has none.
        options: The settings that it reads, in kebab-case.
        triggers: Texts of which a file must hold one for the rule to find anything in it; what is never
            found in a file isn't looked for. Empty if there is no such text.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    since: ClassVar[str] = "0.1.0"
    severity: ClassVar[Severity] = Severity.ERROR
    scope: ClassVar[Scope] = Scope.EVERYWHERE
    default: ClassVar[bool] = True
    fix: ClassVar[Safety | None] = None
    options: ClassVar[tuple[str, ...]] = ()
    triggers: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Find the places of a file that break the rule, in any order.

        Make findings with `SourceFile.finding`.
        """


def known_names(rules: Iterable[Rule]) -> frozenset[str]:
    """The codes and names of rules."""
    return frozenset(name for rule in rules for name in (rule.code, rule.name))
