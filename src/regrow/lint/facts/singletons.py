"""Processes, pools and the like that are kept where the whole program sees them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from regrow.lint.facts.addresses import ADDRESSES, SYSTEM_CLASSES
from regrow.lint.facts.places import place_of
from regrow.lint.facts.startup import is_start_up
from regrow.lint.nodes import callee

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

_POOLS: Final = ("ThreadPoolExecutor", "ProcessPoolExecutor")
_KINDS: Final = {
    **dict.fromkeys(SYSTEM_CLASSES, "a System"),
    **{f"concurrent.futures.{name}": "an executor" for name in _POOLS},
    "concurrent.futures.thread.ThreadPoolExecutor": "an executor",
    "concurrent.futures.process.ProcessPoolExecutor": "an executor",
    "multiprocessing.Pool": "a pool of processes",
    "multiprocessing.pool.Pool": "a pool of processes",
    "multiprocessing.pool.ThreadPool": "a pool of threads",
    "multiprocessing.Process": "a process",
    "multiprocessing.Manager": "a process",
    "subprocess.Popen": "a process",
    "threading.Thread": "a thread",
    "threading.Timer": "a thread",
    "asyncio.new_event_loop": "an event loop",
    "asyncio.create_task": "a task",
    "asyncio.ensure_future": "a task",
}
MAKERS: Final = (
    *("PoolExecutor", "Pool(", "Process(", "Manager(", "Popen", "Thread", "Timer(", "new_event_loop"),
    *("create_task", "ensure_future", "regrow"),
)
"""What a file says that has any: the triggers of rules."""
_CACHES: Final = frozenset({"functools.cache", "functools.lru_cache"})


class Singleton(NamedTuple):
    """Something that runs, kept for the whole program.

    Attributes:
        call: What makes it.
        kind: What it is, with its article.
        name: The variable that holds it, or the function whose cache does.
        cached: Whether it is in a cache.
    """

    call: ast.Call
    kind: str
    name: str
    cached: bool = False


def singletons(file: SourceFile) -> Iterator[Singleton]:
    """What modules, classes and caches keep, in no order."""
    for call, kind in _made(file):
        name = _kept_as(file, call)
        if name is not None:
            yield Singleton(call, kind, name)
        elif (function := _cache_of(file, call)) is not None:
            yield Singleton(call, kind, function, cached=True)


def _made(file: SourceFile) -> Iterator[tuple[ast.Call, str]]:
    for call, name in file.calls_to(*_KINDS):
        yield call, _KINDS[name]
    if file.mentions("regrow"):
        for call in file.calls_named("ref", "spawn", "whereis"):
            if file.type_of(call) in ADDRESSES:
                yield call, "the address of a process"


def _kept_as(file: SourceFile, call: ast.Call) -> str | None:
    """The variable of the module or class that holds it for good."""
    place = place_of(file, call)
    if place is None or is_start_up(file, call):
        return None
    scope = file.names.scope_of(place)
    if isinstance(place, ast.Attribute):  # Pool.shared = ThreadPoolExecutor()
        on_class = isinstance(place.value, ast.Name) and place.value.id == "cls"
        return place.attr if on_class else None
    found = file.names.binding(place.id, scope)
    if found is None or not isinstance(found[0], ast.Module | ast.ClassDef) or _is_rebound(file, place):
        return None
    return place.id


def _is_rebound(file: SourceFile, place: ast.Name) -> bool:
    """Whether it is deleted again, as what modules need only while they are imported."""
    targets = (target for statement in file.index.of(ast.Delete) for target in statement.targets)
    return any(isinstance(one, ast.Name) and one.id == place.id for one in targets)


def _cache_of(file: SourceFile, call: ast.Call) -> str | None:
    """The cached function that returns it."""
    function = file.function_of(call)
    if isinstance(function, ast.Lambda) or function is None or not is_cached(file, function):
        return None
    if isinstance(file.parent(call), ast.Return):
        return function.name
    place = place_of(file, call)
    returned = (one.value for one in file.index.of(ast.Return) if file.function_of(one) is function)
    is_local = isinstance(place, ast.Name) and any(
        isinstance(value, ast.Name) and value.id == place.id for value in returned
    )
    return function.name if is_local else None


def is_cached(file: SourceFile, function: ast.AST) -> bool:
    """Whether a decorator keeps what a function returns, so that it runs once."""
    decorators = getattr(function, "decorator_list", ())
    return any(file.qualified(callee(one)) in _CACHES for one in decorators)
