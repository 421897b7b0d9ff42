"""The context that a process's code runs in.

Each process has its own, in which it is the current process, so that whatever is created there
belongs to it. A context weighs more than an idle process, so it is made when a handler first
runs, kept for the thousand processes that ran last, and for ever only if a handler set a variable.
"""

from __future__ import annotations

from collections import deque
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Final, final

from regrow.runtime.process import IDLE, current_process

if TYPE_CHECKING:
    from regrow.runtime.process import Process

KEPT: Final = 1024


@final
class Contexts:
    """Makes and forgets the contexts of one System's processes."""

    __slots__ = ("_recent", "base")

    def __init__(self) -> None:
        self.base: Final[Context] = copy_context()
        """The context that the System was started in; every process's begins as a copy of it."""
        self._recent: deque[Process] = deque()

    def make(self, process: Process) -> Context:
        """Give `process` its context."""
        context = self.lend(process)
        self._keep(process)
        return context

    def lend(self, process: Process) -> Context:
        """Give `process` its context until `take_back`: most run an `init` and nothing else for long."""
        context = process.context = self.base.copy()
        context.run(current_process.set, process)
        return context

    def take_back(self, process: Process, context: Context) -> None:
        """Forget the context, unless a variable was set in it."""
        if self._untouched(context):
            process.context = None
        else:
            self._keep(process)

    def _keep(self, process: Process) -> None:
        self._recent.append(process)
        if len(self._recent) > KEPT:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        process = self._recent.popleft()
        context = process.context
        if context is None:
            return
        if process.status != IDLE or process.task is not None:
            self._recent.append(process)
        elif self._untouched(context):
            process.context = None

    def _untouched(self, context: Context) -> bool:
        """Whether no handler set a variable: it is the base and the current process, no more."""
        base = self.base
        if not base:  # most are started in an empty context
            return len(context) == 1
        if len(context) != len(base) + (current_process not in base):
            return False
        return all(context.get(var) is value or var is current_process for var, value in base.items())
