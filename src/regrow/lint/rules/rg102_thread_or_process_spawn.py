"""Threads, operating system processes and executors that nobody owns.

## What it does

Finds `threading.Thread` and `Timer`, `multiprocessing.Process` and `Pool`, the executors of
`concurrent.futures`, `os.fork`, and objects of a file's own subclasses of these, that nobody owns. These have
an owner:

- what a `with` or an exit stack's `enter_context` holds;
- what a variable of the function holds that the same function joins, shuts down, closes or terminates, or a
  variable of the module that `atexit.register` does that for;
- what an attribute holds that the same function joins further on, on the way that isn't an error's;
- what `__enter__` puts into an attribute that `__exit__` deals with, and what any function puts into one (or
  into a dictionary there) from which an `__exit__` of the file shuts it down;
- what the function returns and keeps nowhere: the caller has it, unless a decorator caches it;
- the event loop's default executor;
- the child of a fork whose parent exits at once (a program that goes into the background), or waits for it
  in the same function or one around it.

`subprocess` is out of it.

## Why is this bad?

A thread that fails prints a traceback and is gone; a process that is killed isn't missed by anybody. Nobody
starts it again, nobody stops it in order: a program that should end hangs on a thread that goes on, and one
that ends leaves processes behind.

## Example

```python
import threading


class Reader:
    def start(self) -> None:
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()
```

## Use instead

```python
import asyncio

import regrow as rg


class Reader(rg.GenServer):
    @rg.call
    async def read(self, path: str) -> bytes:
        return await asyncio.to_thread(self.read_file, path)
```

## Options

- `supervised-spawners`: functions that own the threads and processes handed to them.

## Known problems

- An object that keeps its thread in an attribute and joins it in a method is reported: it is a supervisor
  written by hand.
- Whether the caller of a function that returns a thread ends it isn't looked at; nor what becomes of a thread
  that a function takes as an argument.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.facts.handing import ENDS, is_exited, is_returned
from regrow.lint.facts.places import following, is_entered, local_place, outermost, place_of, uses
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding, Scope
from regrow.lint.names import FUNCTIONS
from regrow.lint.rule import Rule

_SPAWNERS: Final = (
    *("threading.Thread", "threading.Timer", "_thread.start_new_thread", "os.fork", "os.forkpty"),
    *("multiprocessing.Process", "multiprocessing.Pool", "multiprocessing.process.Process"),
    *("multiprocessing.pool.Pool", "multiprocessing.pool.ThreadPool", "multiprocessing.context.Process"),
    *("concurrent.futures.ThreadPoolExecutor", "concurrent.futures.ProcessPoolExecutor"),
    *("concurrent.futures.thread.ThreadPoolExecutor", "concurrent.futures.process.ProcessPoolExecutor"),
)
_CLASSES: Final = frozenset(name for name in _SPAWNERS if name.rpartition(".")[2][0].isupper())
_PACKAGES: Final = frozenset(name.partition(".")[0] for name in _CLASSES)
_ENTERS: Final = frozenset({"enter_context", "enterContext", "push", "callback", "set_default_executor"})
_EXITS: Final = frozenset({"os._exit", "sys.exit", "builtins.exit"})
_WAITS: Final = ("os.wait", "os.waitpid", "os.wait3", "os.wait4", "os.waitid")
_HOMES: Final = frozenset({"threading", "multiprocessing", "concurrent", "asyncio", "_thread"})


class ThreadOrProcessSpawn(Rule):
    """See the module's docstring."""

    code = "RG102"
    name = "thread-or-process-spawn"
    scope = Scope.CODE
    options: ClassVar[tuple[str, ...]] = ("supervised-spawners",)
    triggers: ClassVar[tuple[str, ...]] = ("hread", "multiprocessing", "fork", "ProcessPoolExecutor")

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at what makes them, and at objects of the file's own subclasses."""
        if file.module.partition(".")[0] in _HOMES:  # it is what they are made of
            return
        for call, name in file.calls_to(*_SPAWNERS):
            if not _is_owned(file, call):
                yield self._found(file, call, name)
        owners = file.index.of(ast.ClassDef) if file.can_name(_PACKAGES) else []
        for owner in owners:
            if owner.bases and any(file.qualified(base) in _CLASSES for base in owner.bases):
                own = file.defined_name(owner)
                for call, _ in file.calls_to(own):
                    if not _is_owned(file, call):
                        yield self._found(file, call, owner.name)

    def _found(self, file: SourceFile, call: ast.Call, name: str) -> Finding:
        last = name.rpartition(".")[2]
        advice = "use `with`, asyncio.to_thread, or a process under a supervisor"
        return file.finding(self, call, f"{last} is made here and nobody owns it: {advice}")


def _is_owned(file: SourceFile, call: ast.Call) -> bool:
    parent = file.parent(outermost(file, call))
    if isinstance(parent, ast.withitem):
        return True
    if _enters(parent) or file.is_called(parent, file.settings.supervised_spawners):
        return True
    if _leaves(file, call) or _is_awaited(file, call):
        return True
    if is_returned(file, call) or is_exited(file, call):
        return True
    place = local_place(file, call)
    if place is not None:
        return _ends(file, place, 3)
    return is_entered(file, call) or _ends_at_exit(file, call) or _ends_here(file, call)


def _ends_here(file: SourceFile, call: ast.Call) -> bool:
    """Whether the same function joins what an attribute holds, and not only when it gives up."""
    place, function = place_of(file, call), file.function_of(call)
    if not isinstance(place, ast.Attribute) or function is None:
        return False
    kept = ast.dump(place.value)
    return any(
        isinstance(read, ast.Attribute)
        and read.lineno > call.lineno
        and ast.dump(read.value) == kept
        and file.function_of(read) is function
        and isinstance(method := file.parent(read), ast.Attribute)
        and method.attr in ENDS
        and not _gives_up(file, read)
        for read in uses(file, place)
    )


def _gives_up(file: SourceFile, node: ast.AST) -> bool:
    """Whether it stands in the handler of an error, or in a branch that leaves the function."""
    for one in file.ancestors(node):
        if isinstance(one, FUNCTIONS):
            return False
        if isinstance(one, ast.ExceptHandler) or (
            isinstance(one, ast.If) and isinstance(one.body[-1], ast.Raise | ast.Return)
        ):
            return True
    return False


def _ends_at_exit(file: SourceFile, call: ast.Call) -> bool:
    """Whether `atexit` ends what a variable of the module holds: ``atexit.register(pool.shutdown)``."""
    place = place_of(file, call)
    if not isinstance(place, ast.Name):
        return False
    registered = (call.args[0] for call, _ in file.calls_to("atexit.register") if call.args)
    return any(
        isinstance(one, ast.Attribute)
        and one.attr in ENDS
        and isinstance(one.value, ast.Name)
        and one.value.id == place.id
        for one in registered
    )


def _enters(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ENTERS


def _leaves(file: SourceFile, call: ast.Call) -> bool:
    """Whether a process forks itself into the background: ``if os.fork(): os._exit(0)``."""
    statement = file.statement_of(call)
    after: ast.stmt | None = statement
    if not isinstance(statement, ast.If):
        after = next(iter(following(file, call)), None)
    if not isinstance(after, ast.If) or file.qualified(call.func) != "os.fork":
        return False
    return any(file.is_called(one, _EXITS) for part in after.body for one in ast.walk(part))


def _is_awaited(file: SourceFile, call: ast.Call) -> bool:
    """Whether the function that forks, or one around it, waits for the child."""
    if "fork" not in (file.qualified(call.func) or ""):
        return False
    around = {one for one in file.ancestors(call) if isinstance(one, FUNCTIONS)}
    return any(around.intersection(file.ancestors(wait)) for wait, _ in file.calls_to(*_WAITS))


def _ends(file: SourceFile, place: ast.Name, depth: int) -> bool:
    """Whether the function ends what a variable holds, also as part of a list that it loops over."""
    for read in uses(file, place):
        parent = file.parent(read)
        if isinstance(parent, ast.Attribute):
            if parent.attr in ENDS:
                return True
        elif isinstance(parent, ast.withitem) or _enters(parent):
            return True
        inner = _looped(file, read) or local_place(file, read)
        if depth and inner is not None and inner.id != place.id and _ends(file, inner, depth - 1):
            return True
    return False


def _looped(file: SourceFile, read: ast.expr) -> ast.Name | None:
    """The variable of the loop over a list."""
    parent = file.parent(read)
    while isinstance(parent, ast.Call):  # reversed(threads)
        read, parent = parent, file.parent(parent)
    if isinstance(parent, ast.Attribute | ast.Subscript):
        return None
    if isinstance(parent, ast.For | ast.comprehension) and parent.iter is read:
        return next((one for one in ast.walk(parent.target) if isinstance(one, ast.Name)), None)
    return None


RULE: Final = ThreadOrProcessSpawn()
