"""Messages that are sent to a server without anybody hearing what became of them.

## What it does

Finds `send` to the address of a Regrow server: to what is annotated as `Pid[Server]` or `Ref[Server]`. A
process may send to itself (`self.pid.send(...)`), and plain processes have no other way than `send`.

## Why is this bad?

The message may be of a kind that the server doesn't know, the server may be dead, its mailbox full: the
sender hears of none of it. `cast` checks the message, `call` brings the answer, and `supervised_send` says
whether it was handled, and tries again.

## Example

```python
import regrow as rg


class Counter(rg.GenServer): ...


def tell(counter: rg.Ref[Counter]) -> None:
    counter.send("increment")
```

## Use instead

```python
import regrow as rg


class Counter(rg.GenServer):
    @rg.cast
    def increment(self) -> None: ...


def tell(counter: rg.Ref[Counter]) -> None:
    counter.cast(Counter.increment())
```

## Known problems

- An address whose annotation doesn't name the server isn't looked at: `system.ref("counter")`.
- A queue that another object reads isn't seen as a mailbox.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.addresses import ADDRESSES
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding, Scope
from regrow.lint.rule import Rule
from regrow.lint.servers import is_server


class RawSend(Rule):
    """See the module's docstring."""

    code = "RG201"
    name = "raw-send"
    scope = Scope.CODE
    triggers: ClassVar[tuple[str, ...]] = ("regrow",)

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at what is sent to."""
        for call in file.calls_named("send"):
            if isinstance(call.func, ast.Attribute) and _is_to_server(file, call.func.value):
                message = "send tells nobody what becomes of it: use cast, call or rg.supervised_send"
                yield file.finding(self, call, message)


def _is_to_server(file: SourceFile, address: ast.expr) -> bool:
    return any(_names_server(file, one) for one in _annotations(file, address))


def _annotations(file: SourceFile, node: ast.expr) -> Iterator[ast.expr]:
    """What annotates a variable, a parameter, or an attribute of ``self``."""
    sources: list[ast.AST] = []
    if isinstance(node, ast.Name):
        found = file.names.binding(node.id, file.names.scope_of(node))
        sources = found[1].sources if found is not None else []
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        owner = file.types.own_class(node.value)
        sources = file.types.attributes(owner).get(node.attr, []) if owner is not None else []
    for source in sources:
        if isinstance(source, ast.arg) and source.annotation is not None:
            yield source.annotation
        parent = file.parent(source)
        if isinstance(parent, ast.AnnAssign):
            yield parent.annotation


def _names_server(file: SourceFile, annotation: ast.expr) -> bool:
    """Whether it is ``Pid[Server]``, or that or None."""
    if isinstance(annotation, ast.BinOp):
        return _names_server(file, annotation.left) or _names_server(file, annotation.right)
    if not isinstance(annotation, ast.Subscript) or file.qualified(annotation.value) not in ADDRESSES:
        return False
    server = file.qualified(annotation.slice)
    return server is not None and is_server(file, server)


RULE: Final = RawSend()
