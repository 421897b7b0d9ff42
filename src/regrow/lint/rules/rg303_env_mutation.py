"""Code that changes the environment of its own process.

## What it does

Finds `os.environ[...] = ...`, `del os.environ[...]`, `os.environ |= ...`, the methods of `os.environ` that
change it, `os.putenv` and `os.unsetenv` in code that ships, also where a `finally` puts the old value back;
the `finally` itself is left alone.

What a program does with its own environment while it starts is left alone: in `main()` and in commands of
click and typer, in `__main__.py`, `manage.py`, `wsgi.py` and `asgi.py`, under `if __name__ == "__main__"`,
and in private functions that nothing but these calls. So is what a child process does in its first
function, where the file gives that to a `Pool` as `initializer` or to a `Process` as `target`.
`DJANGO_SETTINGS_MODULE` may be set anywhere. Tests, scripts and benchmarks (files in a folder `benchmarks`,
or named `bench_...`) aren't looked at.

## Why is this bad?

The environment is one global dictionary for all threads, all tasks and all processes started from here on.
Whoever changes it in the middle of a run configures code that it doesn't know, and what others see depends on
who came first. Putting the old value back doesn't help what ran in between. In C `setenv` isn't even safe
beside another thread that reads.

## Example

```python
import os
import subprocess


def build(target):
    os.environ["TARGET"] = target
    subprocess.run(["make"], check=True)
```

## Use instead

```python
import os
import subprocess


def build(target):
    subprocess.run(["make"], check=True, env={**os.environ, "TARGET": target})
```

What configures your own code is an argument.

## Known problems

- A variable or an argument that holds `os.environ` isn't followed.
- What else runs only at the start of a program or of a child process is reported: name its file in the
  setting `scripts`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.facts.environment import environment_changes
from regrow.lint.facts.places import in_finally
from regrow.lint.facts.startup import is_child_start, is_part_of_main, is_start_up
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding, Role, Scope
from regrow.lint.rule import Rule


class EnvMutation(Rule):
    """See the module's docstring."""

    code = "RG303"
    name = "env-mutation"
    scope = Scope.CODE
    triggers: ClassVar[tuple[str, ...]] = ("environ", "putenv", "unsetenv")

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at what is done with the environment."""
        if file.role is Role.SCRIPT or _is_benchmark(file.path):
            return
        for node in environment_changes(file):
            if not (_is_at_start(file, node) or in_finally(file, node) or _is_djangos(node)):
                text = "this changes the environment of everybody: pass it on, or give it to the subprocess"
                yield file.finding(self, node, text)


def _is_at_start(file: SourceFile, node: ast.expr) -> bool:
    return is_start_up(file, node) or is_child_start(file, node) or is_part_of_main(file, node)


def _is_benchmark(path: str) -> bool:
    *folders, name = path.split("/")
    return name.startswith("bench_") or not {"benchmarks", "benchmark"}.isdisjoint(folders)


def _is_djangos(node: ast.expr) -> bool:
    """`os.environ.setdefault("DJANGO_SETTINGS_MODULE", ...)`: Django knows no other way."""
    first = node.args[0] if isinstance(node, ast.Call) and node.args else None
    return isinstance(first, ast.Constant) and first.value == "DJANGO_SETTINGS_MODULE"


RULE: Final = EnvMutation()
