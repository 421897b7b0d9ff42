"""What a durable send returns where nothing can be awaited: its end is there already."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from typing import Generic, Never, TypeVar, final

from typing_extensions import override

__all__ = ("Done",)

R = TypeVar("R")


@final
class Done(Coroutine[object, Never, R], Generic[R]):
    """A coroutine that has nothing left to do; that nobody awaits it is no mistake."""

    __slots__ = ("_result",)

    def __init__(self, result: R) -> None:
        self._result = result

    @override
    def __await__(self) -> Generator[object, object, R]:
        return self._result
        yield  # makes it a generator

    @override
    def send(self, value: Never, /) -> object:
        raise StopIteration(self._result)

    @override
    def throw(self, *error: object) -> object:
        raise StopIteration(self._result)

    @override
    def close(self) -> None:
        """Nothing to do."""
