"""The migrations there are. A number is never used again for another one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from regrow.errors.lint import UnknownMigration


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration.

    Attributes:
        code: ``M`` and three digits.
        name: In kebab-case.
        rules: The codes of the rules whose findings it is about, and whose fixes it makes.
        about: What it does, in one line.
    """

    code: str
    name: str
    rules: tuple[str, ...]
    about: str


MIGRATIONS: Final = (
    Migration(
        *("M001", "spawn-to-supervisor", ("RG101", "RG102", "RG604")),
        "tasks, threads and processes without an owner go to the task group, TaskSupervisor or kit in scope",
    ),
    Migration(
        *("M002", "send-to-cast", ("RG201",)),
        "plain sends to servers become casts, or supervised sends where one can await; sends to oneself stay",
    ),
    Migration(
        *("M003", "call-add-timeout", ("RG202",)),
        "calls without a timeout get one: Regrow's the timeout table's, others 30 seconds",
    ),
    Migration(
        *("M004", "sleep-to-wait-for", ("RG601", "RG602")),
        "sleeps and loops that poll become waits for what the test is about",
    ),
    Migration(
        *("M005", "none-timeout-to-config", ("RG204",)),
        "endless timeouts of Regrow's calls become the timeout table's",
    ),
    Migration(
        *("M006", "broad-except-narrow-stub", ("RG401", "RG402")),
        "cancellations are raised again; what catches everything else is listed for a human",
    ),
    Migration(
        *("M007", "test-use-isolation", ("RG605", "RG606")),
        "tests stop meeting others under fixed names, ports and shared state",
    ),
    Migration(
        *("M008", "env-switch-removal", ("RG105",)),
        "branches for tests are taken out of code that ships",
    ),
    Migration(
        *("M009", "monitor-to-managed", ("RG205",)),
        "monitors are released when their block ends, or said to live as long as their process",
    ),
)


def chosen(wanted: Iterable[str]) -> tuple[Migration, ...]:
    """The migrations with these codes or names, in the catalogue's order; all if none is named.

    Raises:
        UnknownMigration: One isn't there.
    """
    named = set(wanted)
    known = {name for one in MIGRATIONS for name in (one.code, one.name)}
    for one in sorted(named - known):
        raise UnknownMigration(one, next(iter(difflib.get_close_matches(one, known, n=1)), None))
    return tuple(one for one in MIGRATIONS if not named or {one.code, one.name} & named)
