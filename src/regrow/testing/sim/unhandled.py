"""What nobody handled in a run: exceptions of callbacks and tasks, coroutines that nobody awaited."""

from __future__ import annotations

import re
import sys
import warnings
from asyncio import AbstractEventLoop
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TextIO, TypeAlias, final

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

__all__ = ("Unhandled",)

NEVER_AWAITED: Final = re.compile(r"coroutine '.*' was never awaited")

Show: TypeAlias = Callable[[Warning | str, type[Warning], str, int, TextIO | None, str | None], None]


@final
class Unhandled:
    """Collects it inside a `with` block."""

    __slots__ = ("_filters", "_hook", "_show", "found")

    def __init__(self) -> None:
        self.found: list[BaseException | str] = []
        self._filters = warnings.catch_warnings()
        self._show: Show = warnings.showwarning
        self._hook: Callable[[UnraisableHookArgs], object] = sys.unraisablehook

    def __enter__(self) -> Self:
        self._filters.__enter__()
        # Raised as an error it would be lost: it comes from where nothing can be raised.
        warnings.filterwarnings("always", NEVER_AWAITED.pattern, RuntimeWarning)
        self._show = warnings.showwarning
        self._hook = sys.unraisablehook
        warnings.showwarning = self._warned
        sys.unraisablehook = self._not_raised
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        sys.unraisablehook = self._hook
        self._filters.__exit__(kind, error, traceback)

    def told(self, _loop: AbstractEventLoop, context: dict[str, object]) -> None:
        """The loop's exception handler."""
        error = context.get("exception")
        self.found.append(error if isinstance(error, BaseException) else str(context.get("message")))

    def _warned(  # noqa: PLR0917  # as warnings.showwarning
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, RuntimeWarning) and NEVER_AWAITED.match(str(message)):
            self.found.append(str(message).splitlines()[0])
        else:
            self._show(message, category, filename, lineno, file, line)

    def _not_raised(self, what: UnraisableHookArgs) -> None:
        # Not `what.object`: whoever keeps it has it live on.
        self.found.append(what.exc_value if what.exc_value is not None else what.exc_type.__name__)
