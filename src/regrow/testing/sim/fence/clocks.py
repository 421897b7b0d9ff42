"""Clocks at the fence: `time`, and the class methods of `datetime` that read one."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from regrow.testing.sim.fence.guards import active, asking_frame, guard, is_library
from regrow.testing.sim.threads import worker_registry

if TYPE_CHECKING:
    from regrow.testing.sim.fence.guards import FencedRun

__all__ = ("Patch", "class_patches", "clock_patches")

Patch: TypeAlias = "tuple[object, str, object]"
"""Of what, which attribute, and what takes its place."""


class Descriptor(Protocol):
    """A class method as its class keeps it."""

    def __get__(self, instance: None, owner: type, /) -> Callable[..., object]: ...


NANO: Final = 1_000_000_000


def _now(run: FencedRun, *_: object) -> float:
    return run.loop.time()


def _now_ns(run: FencedRun, *_: object) -> int:
    return round(run.loop.time() * NANO)


def _wall(run: FencedRun, *_: object) -> float:
    return run.wall()


def _wall_ns(run: FencedRun, *_: object) -> int:
    return round(run.wall() * NANO)


CLOCKS: Final[dict[str, Callable[..., object]]] = {
    "time": _wall,
    "time_ns": _wall_ns,
    "monotonic": _now,
    "monotonic_ns": _now_ns,
    "perf_counter": _now,
    "perf_counter_ns": _now_ns,
    "process_time": _now,
    "process_time_ns": _now_ns,
    "thread_time": _now,
    "thread_time_ns": _now_ns,
}
DATED: Final = {"localtime": 0, "gmtime": 0, "ctime": 0, "asctime": 0, "strftime": 1}
"""Functions that read the clock if they aren't given a time, and how many arguments come before it."""


def clock_patches() -> Iterator[Patch]:
    """What of `time` is guarded."""
    for name, route in CLOCKS.items():
        yield time, name, guard("clocks", f"time.{name}()", getattr(time, name), route)
    for name, before in DATED.items():
        yield time, name, _dated(name, getattr(time, name), before)
    for name in ("clock_gettime", "clock_gettime_ns"):
        if hasattr(time, name):
            yield time, name, guard("clocks", f"time.{name}()", getattr(time, name), _clock_gettime(name))
    yield time, "sleep", _sleep(time.sleep)


def _clock_gettime(name: str) -> Callable[..., object]:
    wall, now = (_wall_ns, _now_ns) if name.endswith("ns") else (_wall, _now)

    def route(run: FencedRun, clock: int) -> object:
        return wall(run) if clock == getattr(time, "CLOCK_REALTIME", None) else now(run)

    return route


def _dated(name: str, real: Callable[..., Any], before: int) -> Callable[..., Any]:
    def route(run: FencedRun, *args: object) -> object:
        seconds = run.wall()
        # The two that show a time take it as a struct.
        shown = time_localtime(seconds) if name in {"asctime", "strftime"} else seconds
        return real(*args, shown)

    guarded = guard("clocks", f"time.{name}()", real, route)

    def dated(*args: object) -> object:
        given = len(args) > before and args[before] is not None
        return real(*args) if given else guarded(*args[:before])

    dated.__name__ = name
    return dated


time_localtime: Final = time.localtime


def _sleep(real: Callable[[float], None]) -> Callable[[float], None]:
    def sleep(seconds: float) -> None:
        run = active()
        if run is None or "clocks" in run.allowed:
            real(seconds)
            return
        worker = worker_registry.get(get_ident())
        if worker is not None:
            run.loop.threads.sleep(max(0.0, seconds))
            return
        frame = asking_frame()
        if frame is None or not is_library(frame.f_code.co_filename):
            raise run.refuse("threads", "time.sleep() on the loop", frame)

    return sleep


def class_patches() -> Iterator[tuple[type, str, object]]:
    """What of `datetime` is guarded: class methods."""

    def now(run: FencedRun, cls: type[dt.datetime], tz: dt.tzinfo | None = None) -> object:
        return cls.fromtimestamp(run.wall(), tz)

    def utcnow(run: FencedRun, cls: type[dt.datetime]) -> object:
        return cls.fromtimestamp(run.wall(), dt.timezone.utc).replace(tzinfo=None)  # noqa: UP017

    def today(run: FencedRun, cls: type[dt.date]) -> object:
        return cls.fromtimestamp(run.wall())

    def real(method: Descriptor) -> Callable[..., object]:
        def call(cls: type, *args: object, **options: object) -> object:
            return method.__get__(None, cls)(*args, **options)

        return call

    for kind, name, route in (
        (dt.datetime, "now", now),
        (dt.datetime, "utcnow", utcnow),
        (dt.date, "today", today),
    ):
        method = real(vars(kind)[name])
        what = f"{kind.__name__}.{name}()"
        yield kind, name, classmethod(guard("clocks", what, method, route))
