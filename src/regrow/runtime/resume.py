"""Going on with a coroutine that was begun on another stack."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from types import TracebackType
from typing import cast, final

from typing_extensions import override

__all__ = ("resume",)


def resume(
    coroutine: Coroutine[object, object, object], yielded: object
) -> Coroutine[object, object, object]:
    """What goes on, on the task that awaits it, with a coroutine that has already yielded a future."""
    return _Resumed(coroutine, yielded)


@final
class _Resumed(Coroutine[object, object, object], Generator[object, object, object]):
    """Dropped before it goes on, as when its process is killed, it is no coroutine that nobody awaited."""

    __slots__ = ("_coroutine", "_yielded")

    def __init__(self, coroutine: Coroutine[object, object, object], yielded: object) -> None:
        self._coroutine = coroutine
        self._yielded: tuple[object] | None = (yielded,)

    @override
    def __await__(self) -> Generator[object, object, object]:
        return self

    @override
    def send(self, value: object) -> object:
        """Go on; the first time with what it has yielded."""
        if self._yielded is not None:
            (yielded,), self._yielded = self._yielded, None
            return yielded
        return self._coroutine.send(value)

    @override
    def throw(
        self,
        typ: type[BaseException] | BaseException,
        val: BaseException | object = None,
        tb: TracebackType | None = None,
        /,
    ) -> object:
        """Raise where it waits."""
        self._yielded = None
        error = typ if isinstance(typ, BaseException) else cast("BaseException | None", val) or typ()
        return self._coroutine.throw(error)

    @override
    def close(self) -> None:
        """End it where it waits."""
        self._yielded = None
        self._coroutine.close()
