"""The end of a test: every step is taken, and nothing that goes wrong on the way is lost."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, cast, final

from regrow.errors import TeardownFailed

__all__ = ("Teardown",)

CONTROL: Final = (KeyboardInterrupt, SystemExit)


@final
class Teardown:
    """What is to be undone, newest first, and what went wrong with it."""

    __slots__ = ("_steps", "errors")

    def __init__(self) -> None:
        self.errors: list[BaseException] = []
        self._steps: list[tuple[object, Callable[[], object]]] = []

    def add(self, key: object, step: Callable[[], object]) -> None:
        """One more; `step` may be `async def`."""
        self._steps.append((key, step))

    def remove(self, key: object) -> None:
        """What has the key is undone already."""
        self._steps = [pair for pair in self._steps if pair[0] is not key]

    async def run(self) -> None:
        """Undo all of it, in reverse order, whatever goes wrong."""
        while self._steps:
            await self.take(self._steps.pop()[1])

    async def take(self, step: Callable[[], object]) -> None:
        """Take one step; what it raises is kept."""
        try:
            result = step()
            if inspect.isawaitable(result):
                await cast("Awaitable[object]", result)
        except BaseException as error:  # noqa: BLE001  # raised in the end, with the others
            self.errors.append(error)

    def finish(self, own: BaseException | None, test_id: str) -> None:
        """Raise what went wrong, the test's `own` error first.

        Raises:
            TeardownFailed: Something did.
            BaseExceptionGroup: Something did, and one of the errors is no `Exception`.
            KeyboardInterrupt, SystemExit: One of these came; it has notes about the rest.
            CancelledError: The end was cancelled, and all was well otherwise.
        """
        if not self.errors:
            return
        found = self.errors if own is None else [own, *self.errors]
        control = next((error for error in found if isinstance(error, CONTROL)), None)
        if control is not None:
            for other in found:
                if other is not control:
                    control.add_note(f"beside it: {type(other).__name__}: {other}")
            raise control
        if all(isinstance(error, asyncio.CancelledError) for error in found):
            raise found[0]
        if all(isinstance(error, Exception) for error in found):
            raise TeardownFailed.of(test_id, cast("Sequence[Exception]", found)) from None
        raise BaseExceptionGroup(test_id, found) from None
