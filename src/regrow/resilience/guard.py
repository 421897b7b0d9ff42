"""`rg.CircuitBreaker`: a breaker around calls of one's own."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
import time
from asyncio import (  # the documented one raises where there is none
    _get_running_loop as _running_loop,  # pyright: ignore[reportPrivateUsage]
)
from collections.abc import Callable, Coroutine
from types import CoroutineType, TracebackType
from typing import TYPE_CHECKING, NamedTuple, Never, ParamSpec, TypeVar, cast, final

from typing_extensions import override

from regrow.errors import BadSetting, NotGuardable
from regrow.resilience.breaker import Breaker, Cause
from regrow.resilience.settings import BreakerSettings
from regrow.resilience.telling import tell
from regrow.runtime.process import current_process

if TYPE_CHECKING:
    from typing import Self

__all__ = ("CircuitBreaker",)

P = ParamSpec("P")
R = TypeVar("R")


class _Call(NamedTuple):
    permit: int
    begun: float


@final
class CircuitBreaker:
    """A circuit breaker for calls to something that may be down: a decorator, and a block.

    ::

        payments = rg.CircuitBreaker("payments")


        @payments
        async def pay(order: Order) -> Receipt: ...


        with payments:
            connection.ping()

    The guarded code runs where it is called. While the breaker is open it doesn't run, and `CircuitOpen`
    is raised. An exception that the settings' `failures` name counts as a failure, any other `Exception` is
    an answer, and both go on as they are. A call that is cancelled counts as neither, so a timeout
    belongs inside the guarded function. What is returned counts as a failure only if `failed` says so.

    One breaker may be used by any number of tasks and threads, and within itself. Changes are told as events
    of the System in whose process they happen.

    Args:
        name: what it is called in errors and events.
        settings: when it opens and closes; default `BreakerSettings()`.
        failed: takes what a decorated function returned, and says whether that is a failure.
        clock: gives seconds; default the running loop's time, which is the System's, and else
            `time.monotonic`. A breaker that is used on several virtual clocks needs one of its own.

    Raises:
        BadSetting: The name is no non-empty str, or one of the others is not what is said above.
    """

    __slots__ = ("_breaker", "_clock", "_failed", "_failures", "_lock", "_open", "name")

    def __init__(
        self,
        name: str,
        *,
        settings: BreakerSettings | None = None,
        failed: Callable[[Never], bool] | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        _check(name, settings, failed, clock)
        self.name: str = name
        self._failed = cast("Callable[[object], bool] | None", failed)
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[object, list[_Call]] = {}
        settings = settings if settings is not None else BreakerSettings()
        self._failures = _failures_of(settings)
        self._breaker = Breaker(settings, self._now(), self._changed)

    # -- state ---------------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """`"closed"`, `"open"` or `"half_open"`; an open one becomes half-open with its first probe."""
        return self._breaker.state

    @property
    def settings(self) -> BreakerSettings:
        """When it opens and closes."""
        return self._breaker.settings

    def configure(self, settings: BreakerSettings) -> None:
        """Go on with other settings at once; what was counted is kept."""
        _check_settings(settings)
        with self._lock:
            self._failures = _failures_of(settings)
            self._breaker.configure(settings, self._now())

    def force_open(self) -> None:
        """Let nothing through until `reset`."""
        with self._lock:
            self._breaker.force_open(self._now())

    def reset(self) -> None:
        """Close, and forget what was counted."""
        with self._lock:
            self._breaker.reset(self._now())

    # -- as a decorator ------------------------------------------------------------------------

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Guard a `def` or `async def` function.

        Raises:
            NotGuardable: It is none, or a generator.
        """
        _check_function(self.name, function)
        if inspect.iscoroutinefunction(function):
            return cast("Callable[P, R]", self._async(function))

        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            call = self._begin()
            try:
                result = function(*args, **kwargs)
                ok = self._failed is None or not self._failed(result)
            except BaseException as error:
                self._raised(call, error)
                raise
            self._record(call, ok=ok)
            if isinstance(result, CoroutineType):  # it has not begun: what it will do would go unseen
                result.close()
                raise NotGuardable(self.name, function)
            return result

        return guarded

    def _async(
        self, function: Callable[P, Coroutine[object, Never, R]]
    ) -> Callable[P, Coroutine[object, Never, R]]:
        @functools.wraps(function)
        async def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            call = self._begin()
            try:
                result = await function(*args, **kwargs)
                ok = self._failed is None or not self._failed(result)
            except BaseException as error:
                self._raised(call, error)
                raise
            self._record(call, ok=ok)
            return result

        return guarded

    # -- as a block ----------------------------------------------------------------------------

    def __enter__(self) -> Self:
        call = self._begin()
        self._open.setdefault(_who(), []).append(call)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        who = _who()
        calls = self._open[who]
        call = calls.pop()
        if not calls:
            del self._open[who]
        if error is None:
            self._record(call, ok=True)
        else:
            self._raised(call, error)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)

    # -- one call ------------------------------------------------------------------------------

    def _begin(self) -> _Call:
        now = self._now()
        with self._lock:
            breaker = self._breaker
            permit = breaker.permit or breaker.acquire(now)
            if not permit:
                raise breaker.refusal(self.name, now)
        return _Call(permit, now)

    def _record(self, call: _Call, *, ok: bool) -> None:
        now = self._now()
        with self._lock:
            self._breaker.record(call.permit, now, ok, now - call.begun)

    def _raised(self, call: _Call, error: BaseException) -> None:
        if isinstance(error, Exception):
            self._record(call, ok=not isinstance(error, self._failures))
        else:
            with self._lock:
                self._breaker.release(call.permit, self._now())

    def _now(self) -> float:
        if self._clock is not None:
            return self._clock()
        loop = _running_loop()
        if loop is not None:
            return loop.time()
        process = current_process.get(None)
        return time.monotonic() if process is None else process.engine.loop.time()

    def _changed(self, breaker: Breaker, cause: Cause, now: float) -> None:
        process = current_process.get(None)
        if process is not None:
            tell(process.engine, self.name, breaker, cause, now)

    @override
    def __repr__(self) -> str:
        return f"<CircuitBreaker {self.name!r} {self.state}>"


def _who() -> object:
    """Whose block it is: the current task's, or the thread's."""
    if _running_loop() is not None:
        task = asyncio.current_task()
        if task is not None:
            return task
    return threading.get_ident()


def _failures_of(settings: BreakerSettings) -> tuple[type[Exception], ...]:
    return (Exception,) if settings.failures is None else settings.failures


def _check_function(name: str, function: object) -> None:
    inner = function
    while isinstance(inner, functools.partial):
        inner = cast("functools.partial[object]", inner).func
    # An object whose __call__ is async can't be told from others: its method can.
    if (
        isinstance(inner, staticmethod | classmethod)
        or not inspect.isroutine(inner)
        or inspect.isgeneratorfunction(inner)
        or inspect.isasyncgenfunction(inner)
    ):
        raise NotGuardable(name, function)


def _check(name: object, settings: object, failed: object, clock: object) -> None:
    if not isinstance(name, str) or not name:
        raise _bad("name", name, "a string that isn't empty")
    if settings is not None:
        _check_settings(settings)
    if failed is not None and not callable(failed):
        raise _bad("failed", failed, "None or a function of what was returned")
    if clock is not None and not callable(clock):
        raise _bad("clock", clock, "None or a function that gives seconds")


def _check_settings(settings: object) -> None:
    if not isinstance(settings, BreakerSettings):
        raise _bad("settings", settings, "a BreakerSettings")


def _bad(option: str, value: object, allowed: str) -> BadSetting:
    return BadSetting(option, value, allowed, owner="CircuitBreaker")
