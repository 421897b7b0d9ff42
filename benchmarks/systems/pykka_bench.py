"""Pykka: one OS thread per actor, `ask` blocks the caller's thread."""
# mypy: ignore-errors
# ruff: noqa: RUF012
# Runs in the peer's own environment, where the peer's types are and the project's tools are not.

from __future__ import annotations

import pykka

from benchmarks.systems.kit_sync import SyncBench

_THREADS = "one OS thread per actor"


class Server(pykka.ThreadingActor):
    def __init__(self, nonce, onward=None):
        super().__init__()
        self.nonce, self.onward = nonce, onward
        self.count = self.total = 0

    def on_receive(self, message):
        kind, value = message
        if kind == "add":
            self.count += 1
            self.total += value
            return None
        if kind == "echo":
            self.count += 1
            return value + self.nonce
        if kind == "forward":
            if self.onward is None:
                return value + self.nonce
            return self.onward.ask(("forward", value + 1))
        return self.count, self.total


class Pykka(SyncBench):
    distribution = "pykka"
    cannot = {
        "W6m": _THREADS,
        "W7": f"{_THREADS}: 111,111 of them",
        "W9": "no supervision",
        "W10": "no supervision",
    }

    def start(self, nonce):
        return Server.start(nonce)

    def tell(self, handle):
        return lambda value: handle.tell(("add", value))

    def ask(self, handle):
        return lambda value: handle.ask(("echo", value))

    def ask_all(self, handle, values):
        futures = [handle.ask(("echo", value), block=False) for value in values]
        return sum(pykka.get_all(futures))

    def totals(self, handle):
        return handle.ask(("totals", 0))

    def stop(self, handles):
        for future in [handle.stop(block=False) for handle in handles]:
            future.get()

    def chain(self, depth, nonce):
        link = None
        for _ in range(depth):
            link = Server.start(nonce, link)
        return lambda value: link.ask(("forward", value))


BENCH = Pykka()
