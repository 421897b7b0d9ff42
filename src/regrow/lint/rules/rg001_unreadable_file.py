"""Files that can't be read or parsed.

## What it does

Reports each file that couldn't be looked at, with the reason and, where there is one, the place: syntax
errors, bytes that the file's encoding doesn't allow, null bytes, nesting too deep for Python's own parser,
missing rights, links that lead nowhere, and what is called `.py` and is no regular file.

## Why is this bad?

No other rule has seen the file: that nothing else is found in it means nothing.

## Example

```text
def broken(:
```

## Use instead

Mend the file, check it with the Python that it is written for, or leave it out with `exclude`.

## Options

- It is on whatever `select` says; `ignore` and `per-file-ignores` switch it off.

## Known problems

- Syntax that is newer than the Python that runs the check is reported as an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from regrow.errors.base import override
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding
from regrow.lint.parsing import CODE, NAME
from regrow.lint.rule import Rule


class UnreadableFile(Rule):
    """See the module's docstring."""

    code = CODE
    name = NAME

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:  # noqa: ARG002  # as every rule's
        """Nothing: what is reported never becomes a `SourceFile`."""
        yield from ()


RULE: Final = UnreadableFile()
