"""Threads that wait where a test can see it, and a server with blocking handlers."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import regrow as rg
from regrow.testing import VirtualLoop

T = TypeVar("T")
colour: contextvars.ContextVar[str] = contextvars.ContextVar("colour", default="none")


class NotThere(Exception):
    pass


class Gate:
    """Holds a thread until somebody opens it, and tells when one has come."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self._opened = threading.Event()

    def hold(self) -> None:
        self.entered.set()
        assert self._opened.wait(10)

    def open(self) -> None:
        self._opened.set()

    async def reached(self) -> None:
        """Return when a thread waits here. Virtual time stands still meanwhile."""
        assert await in_thread(self.entered.wait, 10)


class Worker(rg.GenServer):
    """Blocks, counts and raises."""

    def init(self, gate: Gate | None = None) -> None:
        self.gate = gate if gate is not None else Gate()
        self.n = 0

    @rg.call(blocking=True)
    def ident(self) -> int:
        return threading.get_ident()

    @rg.call(blocking=True, raises=(NotThere,))
    def find(self, key: str) -> str:
        raise NotThere(key)

    @rg.call(blocking=True)
    def crash(self) -> None:
        raise ValueError("boom")

    @rg.call(blocking=True)
    def see(self) -> tuple[str, rg.Pid[object]]:
        seen = colour.get()
        colour.set("changed in the thread")
        return seen, rg.current()

    @rg.call
    def paint(self, value: str) -> None:
        colour.set(value)

    @rg.call
    def painted(self) -> str:
        return colour.get()

    @rg.cast(blocking=True)
    def block(self) -> None:
        self.gate.hold()
        self.n += 1

    @rg.call(blocking=True)
    def wait(self) -> str:
        self.gate.hold()
        return "done"

    @rg.call
    def count(self) -> int:
        return self.n

    @rg.cast
    def add(self) -> None:
        self.n += 1


async def in_thread(function: Callable[..., T], *args: Any) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, function, *args)


def worker(*args: object, **options: Any) -> rg.ChildSpec:
    return rg.child(Worker, name="worker", args=args, **options)


def virtual() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


def jumping() -> AbstractContextManager[None]:
    """Virtual time goes on although a thread runs."""
    return virtual().jumping()
