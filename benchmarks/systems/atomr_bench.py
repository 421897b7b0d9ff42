"""atomr: Rust actors with Python handlers, on the dispatcher that its own profiler takes."""
# mypy: ignore-errors
# ruff: noqa: E402, RUF012
# Runs in the peer's own environment, where the peer's types are and the project's tools are not.

from __future__ import annotations

import itertools
import sys
from contextlib import contextmanager
from types import SimpleNamespace

# Its root imports its test kit, which imports pytest: a stand-in is enough.
sys.modules.setdefault("pytest", SimpleNamespace(fixture=lambda *args, **kwargs: lambda function: function))

from atomr import Actor, ActorSystem, props

from benchmarks.systems.kit import Note
from benchmarks.systems.kit_sync import SyncBench

_CALL = 30.0


class Server(Actor):
    def __init__(self, nonce):
        self.nonce = nonce
        self.count = self.total = 0

    async def handle(self, ctx, message):
        kind, value = message
        if kind == "add":
            self.count += 1
            self.total += value
            return None
        if kind == "echo":
            self.count += 1
            return value + self.nonce
        return self.count, self.total


class Atomr(SyncBench):
    distribution = "atomr"
    cannot = {"W10": "not a supervision tree of servers: each parent is written by hand"}

    def __init__(self):
        self._names = (f"actor-{i}" for i in itertools.count())

    @contextmanager
    def session(self):
        self.system = ActorSystem.create_blocking("bench")
        yield

    def start(self, nonce):
        return self.system.actor_of(props(Server, factory=lambda: Server(nonce)), next(self._names))

    def tell(self, handle):
        return lambda value: handle.tell(("add", value))

    def ask(self, handle):
        return lambda value: handle.ask_blocking(("echo", value), _CALL)

    def totals(self, handle):
        return tuple(handle.ask_blocking(("totals", 0), _CALL))

    def stop(self, handles):
        for handle in handles:
            handle.stop()

    def w9(self, job):
        raise Note("its restarts happen in Rust, seen by hooks only; left to benchmarks/peers_semantics.py")


BENCH = Atomr()
