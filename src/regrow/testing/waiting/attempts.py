"""A predicate that is asked again and again: what it said last, and why it isn't enough."""

from __future__ import annotations

import asyncio
import inspect
import linecache
from collections.abc import Callable, Coroutine
from typing import Never, TypeAlias, cast, final

from regrow.core.hub import name_of
from regrow.errors.base import show
from regrow.errors.waiting import BadWait
from regrow.testing.waiting.watch import until, until_answered

__all__ = ("Attempt", "check_answer", "describe")

Question: TypeAlias = Coroutine[object, "Never", object]


@final
class Attempt:
    """One predicate, plain or async, through one wait.

    Args:
        predicate: What is asked.
        accepts: Whether what it returned is enough. Default: whether it is true.
        patient: Whether it is asked again after it raised. Default True.

    Attributes:
        value: What it returned last.
        error: What it raised at last, None if it returned.
        asked: Whether it ever returned or raised.

    Raises:
        BadWait: It can't be called.
    """

    def __init__(
        self,
        predicate: Callable[[], object],
        *,
        accepts: Callable[[object], bool] = bool,
        patient: bool = True,
    ) -> None:
        if not callable(predicate):
            raise BadWait(predicate, "give a function of no arguments, such as lambda: log == [1, 2]")
        self.predicate = predicate
        self.value: object = None
        self.error: Exception | None = None
        self.asked: bool = False
        self._accepts = accepts
        self._patient = patient
        self._question: Question | None = None

    async def comes_true(self, seconds: float) -> bool:
        """Wait until it is accepted, or has raised and isn't asked again. False if time ran out."""
        deadline = asyncio.get_running_loop().time() + seconds
        if not await until(self._look, seconds):
            return False
        if self._question is None:
            return True
        left = deadline - asyncio.get_running_loop().time()
        return await until_answered(self._ask, max(left, 0.0))

    def last(self) -> str:
        """What it said last, for people."""
        if not self.asked:
            return "it has not answered yet"
        return f"it returned {show(self.value)}" if self.error is None else f"it raised {show(self.error)}"

    def _look(self) -> bool:
        """Ask once; True as well if the answer has to be awaited: then `_question` is it."""
        try:
            value = self.predicate()
            if inspect.iscoroutine(value):
                self._question = cast(Question, value)
                return True
            return self._take(value)
        except BadWait:
            raise
        except Exception as error:  # noqa: BLE001  # a predicate may look at what isn't there yet
            return self._failed(error)

    async def _ask(self) -> bool:
        question, self._question = self._question, None
        try:
            awaited = question if question is not None else cast(Question, self.predicate())
            return self._take(await awaited)
        except BadWait:
            raise
        except Exception as error:  # noqa: BLE001  # as above
            return self._failed(error)

    def _take(self, value: object) -> bool:
        check_answer(value)
        accepted = self._accepts(value)
        self.value, self.error, self.asked = value, None, True
        return accepted

    def _failed(self, error: Exception) -> bool:
        self.error, self.asked = error, True
        return not self._patient


def check_answer(value: object) -> None:
    """Refuse what is true whatever comes of it, and would make a test pass that tests nothing.

    Raises:
        BadWait: The value is to be awaited, or iterated over by `async for`.
    """
    if inspect.iscoroutine(value):
        value.close()
    if hasattr(type(value), "__await__") or hasattr(type(value), "__anext__"):
        problem = "it is true whatever comes of it; ask about that, as in lambda: task.done()"
        raise BadWait(value, problem)


def describe(function: Callable[..., object]) -> str:
    """What people know a function by: its name, or the line of code in which a lambda stands."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if inspect.iscode(code) and code.co_name == "<lambda>":
        line = linecache.getline(code.co_filename, code.co_firstlineno).strip()
        return line or f"a lambda of {code.co_filename}, line {code.co_firstlineno}"
    return name_of(function).rpartition("<locals>.")[2]
