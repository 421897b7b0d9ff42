"""Comments that switch off a rule and don't say why.

## What it does

Finds `# noqa: RG101`, `# regrow: ignore[...]` and `# regrow: file-ignore[...]` without any text behind them.

## Why is this bad?

Whoever reads the line later can't tell whether the rule is wrong there, whether somebody was in a hurry, or
whether the ground for it has long gone.

## Example

```python
import asyncio


async def main() -> None:
    asyncio.create_task(work())  # noqa: RG101
```

## Use instead

```python
import asyncio


async def main() -> None:
    asyncio.create_task(work())  # noqa: RG101 the process ends with it
```

## Options

- `require-reason`: whether a reason is asked for.

## Known problems

- Any text counts as a reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding, Severity
from regrow.lint.rule import Rule
from regrow.lint.suppressions import TRIGGERS, suppressions


class SuppressionWithoutReason(Rule):
    """See the module's docstring."""

    code = "RG003"
    name = "suppression-without-reason"
    severity = Severity.WARNING
    options: ClassVar[tuple[str, ...]] = ("require-reason",)
    triggers: ClassVar[tuple[str, ...]] = TRIGGERS

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at the comments that switch something off."""
        if not file.settings.require_reason:
            return
        for comment in suppressions(file.text):
            if comment.selectors and not comment.reason:
                named = ", ".join(comment.selectors)
                yield comment.finding(
                    self, file, f"say why {named} may be broken here: write the reason after it"
                )


RULE: Final = SuppressionWithoutReason()
