"""All global state at one moment: compared with a later one, and put back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import final

from regrow.testing.contamination.interpreter import (
    Builtins,
    Environment,
    Modules,
    Signals,
    interpreter_entries,
)
from regrow.testing.contamination.logs import Logging, Warnings
from regrow.testing.contamination.package import Namespaces
from regrow.testing.contamination.randomness import Random
from regrow.testing.contamination.resources import ABSENT, Change, ContaminationKind, Resource

__all__ = ("Snapshot",)


@final
class Snapshot:
    """What there is when it is made.

    Args:
        packages: Whose module globals belong to it.
    """

    __slots__ = ("_before",)

    def __init__(self, packages: Sequence[str] = ()) -> None:
        resources: list[Resource] = [
            Environment(),
            *interpreter_entries(),
            Modules(),
            Signals(),
            Logging(),
            Warnings(),
            Random(),
            Builtins(),
        ]
        if packages:
            resources.append(Namespaces("globals", packages))
        self._before: list[tuple[Resource, Mapping[str, object]]] = [(one, one.read()) for one in resources]

    def restore(self, lets_pass: Callable[[ContaminationKind, str], bool]) -> list[Change]:
        """Put back what has changed since, and tell of it; what is let pass stays as it is."""
        found: list[Change] = []
        for resource, before in self._before:
            if resource.is_untouched():
                continue
            after = resource.read()
            for name in dict.fromkeys((*before, *after)):
                old, new = before.get(name, ABSENT), after.get(name, ABSENT)
                if not resource.is_same(name, old, new) and not lets_pass(resource.kind, name):
                    found.append(_put_back(resource, name, old, new))
        return found


def _put_back(resource: Resource, name: str, old: object, new: object) -> Change:
    was, became = resource.texts(name, old, new)
    problem = ""
    try:
        resource.write(name, old, new)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        problem = f"{type(error).__name__}: {error}"
    return Change(resource.kind, name, was, became, problem)
