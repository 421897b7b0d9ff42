"""Comments that switch off a rule which finds nothing there.

## What it does

Finds codes and names in `# noqa: RG101 ...`, `# regrow: ignore[...] ...` and
`# regrow: file-ignore[...] ...` that switch off nothing, that no rule has, and brackets that are empty or
missing. Only rules that are on are judged: with `--select RG2` nothing is said about `# noqa: RG101`.

## Why is this bad?

The next finding on that line would go unseen, and who reads the comment looks for a fault that isn't there.

## Example

```python
async def main(queue: object) -> None:
    print(queue)  # noqa: RG101 the old loop owned it
```

## Use instead

```python
async def main(queue: object) -> None:
    print(queue)
```

## Known problems

- It can't be switched off by a comment itself; `ignore` and `per-file-ignores` can.
- `# noqa` without codes, and with codes of other linters, isn't looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding, Severity
from regrow.lint.rule import Rule
from regrow.lint.suppressions import TRIGGERS, UNUSED, UNUSED_NAME


class UnusedSuppression(Rule):
    """See the module's docstring."""

    code = UNUSED
    name = UNUSED_NAME
    severity = Severity.WARNING
    triggers: ClassVar[tuple[str, ...]] = TRIGGERS

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:  # noqa: ARG002  # as every rule's
        """Nothing: `suppress` reports them, which alone knows what the other rules found."""
        yield from ()


RULE: Final = UnusedSuppression()
