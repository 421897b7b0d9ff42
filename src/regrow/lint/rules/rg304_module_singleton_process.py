"""Processes and pools that a module or a class keeps for everybody.

## What it does

Finds what runs and is kept in a variable of a module or of a class, also where a function sets it by `global`
or `cls`, or in the cache of a function (`functools.cache`, `lru_cache`):

- executors and pools: `ThreadPoolExecutor`, `ProcessPoolExecutor`, `multiprocessing.Pool`;
- threads, processes, subprocesses, tasks and event loops;
- a `rg.System`, and the address of a process (`system.ref(...)`).

A `rg.System` whose `lifespan` or `asgi` the same module uses belongs to its web server. What stands in
`main()`, under `if __name__ == "__main__"` or in a `__main__.py` is left alone, and so are tests, which are
RG605's, and scripts.

## Why is this bad?

It begins when somebody imports the module first and ends when the interpreter does, at best by `atexit`.
Nobody starts it again when it breaks; after a fork it looks alive and isn't; an event loop that was closed
leaves it behind; and two tests that use it see each other's work.

## Example

```python
from concurrent.futures import ThreadPoolExecutor

pool = ThreadPoolExecutor(max_workers=4)


def thumbnail(image):
    return pool.submit(image.resize, (64, 64))
```

## Use instead

```python
import regrow as rg


class Thumbnails(rg.GenServer):
    @rg.call(blocking=True)
    def thumbnail(self, image):
        return image.resize((64, 64))
```

or give it to those who need it, from where it is opened and closed with `with`.

## Known problems

- What a function or class of your own makes isn't seen through.
- Attributes of one shared object, such as the only instance of a class, aren't seen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.facts.singletons import MAKERS, Singleton, singletons
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding, Role, Scope
from regrow.lint.rule import Rule


class ModuleSingletonProcess(Rule):
    """See the module's docstring."""

    code = "RG304"
    name = "module-singleton-process"
    scope = Scope.CODE
    triggers: ClassVar[tuple[str, ...]] = MAKERS

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at what runs and where it is kept."""
        if file.role is Role.SCRIPT:
            return
        seen: set[str] = set()
        for one in sorted(singletons(file), key=lambda one: one.call.lineno):
            if one.name not in seen and not _is_web_servers(file, one):
                seen.add(one.name)
                where = "the cache of" if one.cached else "the global variable"
                text = (
                    f"{one.kind} in {where} {one.name} is nobody's: give it an owner that starts and stops it"
                )
                yield file.finding(self, one.call, text)


def _is_web_servers(file: SourceFile, one: Singleton) -> bool:
    return one.kind == "a System" and any(
        attribute.attr in {"lifespan", "asgi"}
        and isinstance(attribute.value, ast.Name)
        and attribute.value.id == one.name
        for attribute in file.index.of(ast.Attribute)
    )


RULE: Final = ModuleSingletonProcess()
