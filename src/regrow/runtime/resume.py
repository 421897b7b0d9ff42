"""Going on with a coroutine that was begun on another stack."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from typing import final


async def resume(coroutine: Coroutine[object, object, object], yielded: object) -> object:
    """Go on, on this task, with a coroutine that has already yielded a future."""
    return await _Resumed(coroutine, yielded)


@final
class _Resumed:
    __slots__ = ("_coroutine", "_yielded")

    def __init__(self, coroutine: Coroutine[object, object, object], yielded: object) -> None:
        self._coroutine = coroutine
        self._yielded = yielded

    def __await__(self) -> Generator[object, object, object]:
        coroutine = self._coroutine
        yielded = self._yielded
        while True:
            try:
                sent = yield yielded
            except GeneratorExit:
                coroutine.close()
                raise
            except BaseException as error:  # noqa: BLE001  # it goes on to the coroutine
                try:
                    yielded = coroutine.throw(error)
                except StopIteration as stop:
                    return stop.value
            else:
                try:
                    yielded = coroutine.send(sent)
                except StopIteration as stop:
                    return stop.value
