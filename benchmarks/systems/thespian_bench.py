"""Thespian, in process (`simpleSystemBase`): its other bases start an OS process per actor."""
# mypy: ignore-errors
# ruff: noqa: N802, RUF012
# Runs in the peer's own environment, where the peer's types are and the project's tools are not.

from __future__ import annotations

from contextlib import contextmanager

from thespian.actors import Actor, ActorExitRequest, ActorSystem

from benchmarks.systems.kit import Note
from benchmarks.systems.kit_sync import SyncBench

_BASE = "in process (simpleSystemBase): all actors on the caller's thread"


class Server(Actor):
    nonce = count = total = 0

    def receiveMessage(self, message, sender):
        if not isinstance(message, tuple):
            return
        kind, value = message
        if kind == "add":
            self.count += 1
            self.total += value
        elif kind == "echo":
            self.count += 1
            self.send(sender, value + self.nonce)
        elif kind == "init":
            self.nonce = value
        else:
            self.send(sender, (self.count, self.total))


class Sky(Actor):
    """A node of the skynet: 10 children, or a leaf."""

    def receiveMessage(self, message, sender):
        if isinstance(message, tuple):
            number, size, nonce = message
            self.parent, self.total, self.left = sender, 0, 10
            if size == 1:
                self.send(sender, number + nonce)
                return
            step = size // 10
            for i in range(10):
                self.send(self.createActor(Sky), (number + i * step, step, nonce))
        elif isinstance(message, int):
            self.total += message
            self.left -= 1
            if self.left == 0:
                self.send(self.parent, self.total)


class Thespian(SyncBench):
    distribution = "thespian"
    cannot = {
        "W3": "one ask at a time",
        "W5": "no calls from inside a handler",
        "W9": "no restarts: a parent is told that its child ended",
        "W10": "no supervision tree",
        "W12": "no thread or loop of its own in this base: nothing that could wake",
    }

    def run(self, family, job):
        return {**super().run(family, job), "note": _BASE}

    @contextmanager
    def session(self):
        self.system = ActorSystem("simpleSystemBase")
        try:
            yield
        finally:
            self.system.shutdown()

    def start(self, nonce):
        server = self.system.createActor(Server)
        self.system.tell(server, ("init", nonce))
        return server

    def tell(self, handle):
        tell = self.system.tell
        return lambda value: tell(handle, ("add", value))

    def ask(self, handle):
        ask = self.system.ask
        return lambda value: ask(handle, ("echo", value), 5.0)

    def totals(self, handle):
        return self.system.ask(handle, ("totals", 0), 30.0)

    def stop(self, handles):
        for handle in handles:
            self.system.tell(handle, ActorExitRequest())

    def skynet(self, leaves, nonce):
        total = self.system.ask(self.system.createActor(Sky), (0, leaves, nonce), 120.0)
        if total is None:
            raise Note("no answer within 120 s")
        return total


BENCH = Thespian()
