"""Messages that are sent to a server without anybody hearing what became of them.

## What it does

Finds messages that go around a process's interface:

- `send` to the address of a Regrow server: to what is annotated as `Pid[Server]` or `Ref[Server]`;
- what puts something into another object's mailbox: `worker.mailbox.put_nowait(...)`, also `inbox` and
  with an underscore before it, and whatever else touches another object's `_mailbox`;
- `put_nowait` and `put` into a queue that is an attribute of another object whose class reads it in a loop;
- the same as a callback: `loop.call_soon_threadsafe(worker.mailbox.put_nowait, message)`.

A process may send to itself (`self.pid.send(...)`, `self.mailbox.put_nowait(...)`), plain processes have no
other way than `send`, and the file that makes a mailbox may use it.

## Why is this bad?

The message may be of a kind that the process doesn't know, the process may be dead, its mailbox full: the
sender hears of none of it. With Regrow, `cast` checks the message, `call` brings the answer, and
`supervised_send` says whether it was handled, and tries again. Elsewhere, call a method of the object that
owns the queue: it can refuse what it doesn't know, and say that nobody reads any more.

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

## Fix safety

The fix is unsafe. A message that its server declares with `@rg.cast` is cast. In a coroutine all others
become `await rg.supervised_send(..., timeout="default")`: they stay what they are, but the sender now waits
until they are handled, and hears of it when they aren't. Elsewhere there is no fix.

## Options

- `send-names`: methods that send without an answer.

## Known problems

- An address whose annotation doesn't name the server isn't looked at: `system.ref("counter")`.
- Classes in files that the run doesn't check aren't known to be servers.
- A queue is only seen as another object's if the file says of what class that is, and defines this class.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.facts.addresses import ADDRESSES
from regrow.lint.facts.servers import is_server
from regrow.lint.file import SourceFile
from regrow.lint.fixes.rg201 import heard
from regrow.lint.model import Finding, Safety, Scope, no_fix
from regrow.lint.rule import Rule

_MAILBOXES: Final = frozenset({"mailbox", "_mailbox", "inbox", "_inbox"})
_PUT: Final = ("put_nowait", "put")
_GET: Final = ("get", "get_nowait")
_CALLBACKS: Final = {"call_soon_threadsafe": 0, "call_soon": 0, "call_later": 1, "call_at": 1, "partial": 0}
_NO_FIX: Final = no_fix("which method of its owner it has to be only you know")


class RawSend(Rule):
    """See the module's docstring."""

    code = "RG201"
    name = "raw-send"
    fix: ClassVar[Safety | None] = Safety.UNSAFE
    scope = Scope.CODE
    options: ClassVar[tuple[str, ...]] = ("send-names",)
    triggers: ClassVar[tuple[str, ...]] = ("regrow", "mailbox", "inbox", "put_nowait", ".put(")

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at what is sent to, and at who puts what into queues."""
        names = file.settings.send_names
        for call in file.calls_named(*names):
            if isinstance(call.func, ast.Attribute) and _is_to_server(file, call.func.value):
                message = (
                    f"{call.func.attr} tells nobody what becomes of it: use cast, call or rg.supervised_send"
                )
                yield file.finding(self, call, message, fix=heard(file, call))
        seen: set[ast.AST] = set()
        for method in _methods(file, {*names, *_PUT}):
            queue = method.value
            if isinstance(queue, ast.Attribute) and _is_foreign(file, queue):
                seen.add(queue)
                message = f"{ast.unparse(queue)} belongs to another process: call a method of it"
                yield file.finding(self, method, message, fix=_NO_FIX)
        if file.mentions("_mailbox"):
            for one in file.index.of(ast.Attribute):
                if one.attr == "_mailbox" and one not in seen and _is_other_mailbox(file, one):
                    message = f"{ast.unparse(one)} is another process's own: call a method of it"
                    yield file.finding(self, one, message, fix=_NO_FIX)


def _methods(file: SourceFile, names: set[str]) -> Iterator[ast.Attribute]:
    """The methods with these names that are called, now or as a callback."""
    called = [call.func for call in file.calls_named(*sorted(names))]
    later = [
        call.args[position]
        for name, position in _CALLBACKS.items()
        for call in file.calls_named(name)
        if len(call.args) > position
    ]
    for one in (*called, *later):
        if isinstance(one, ast.Attribute) and one.attr in names:
            yield one


def _is_foreign(file: SourceFile, queue: ast.Attribute) -> bool:
    if queue.attr in _MAILBOXES:
        return _is_other_mailbox(file, queue)
    if isinstance(queue.value, ast.Name) and file.types.own_class(queue.value) is not None:
        return False
    kind = file.type_of(queue.value)
    owners = file.classes.get(kind, []) if kind is not None else []
    return any(owner not in file.ancestors(queue) and _reads(file, owner, queue.attr) for owner in owners)


def _is_other_mailbox(file: SourceFile, mailbox: ast.Attribute) -> bool:
    """Whether it is a mailbox that neither this object has nor anything whose class stands in this file."""
    owner = mailbox.value
    if isinstance(owner, ast.Name):
        found = file.binding_of(owner)
        if file.types.own_class(owner) is not None or (found is not None and found[1].imported is not None):
            return False
    return not any(mailbox.attr in file.types.attributes(one) for one in file.index.of(ast.ClassDef))


def _reads(file: SourceFile, owner: ast.ClassDef, queue: str) -> bool:
    """Whether a class's methods, and nobody else, take out of a queue of its own, one of them in a loop."""
    readers = [
        (call.func.value.value, call.func.attr == "get" and _is_in_loop(file, call))
        for call in file.calls_named(*_GET)
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Attribute)
        and call.func.value.attr == queue
    ]
    return any(loops for _, loops in readers) and all(
        isinstance(one, ast.Name) and file.types.own_class(one) is owner for one, _ in readers
    )


def _is_in_loop(file: SourceFile, node: ast.AST) -> bool:
    """Whether it runs again and again by itself, and not for who iterates over the object."""
    function = file.function_of(node)
    if function is None or isinstance(function, ast.Lambda) or function.name.startswith("__"):
        return False
    inside = (one for one in file.ancestors(node) if isinstance(one, ast.While | ast.For | ast.AsyncFor))
    return any(file.function_of(one) is function for one in inside)


def _is_to_server(file: SourceFile, address: ast.expr) -> bool:
    return any(_names_server(file, one) for one in _annotations(file, address))


def _annotations(file: SourceFile, node: ast.expr) -> Iterator[ast.expr]:
    """What annotates a variable, a parameter, or an attribute of ``self``."""
    for source in file.types.sources(node):
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
