"""genserver: one OS thread per server, messages are dicts."""
# mypy: ignore-errors
# ruff: noqa: RUF012
# Runs in the peer's own environment, where the peer's types are and the project's tools are not.

from __future__ import annotations

from genserver import GenServer

from benchmarks.systems.kit_sync import SyncBench

_CALL = 30.0
_THREADS = "one OS thread per server"


class Server(GenServer):
    def init(self, nonce, onward=None):
        return {"nonce": nonce, "onward": onward, "count": 0, "total": 0}

    def handle_cast(self, message, state):
        state["count"] += 1
        state["total"] += message["add"]
        return state

    def handle_call(self, message, state):
        if "echo" in message:
            state["count"] += 1
            return message["echo"] + state["nonce"], state
        if "forward" in message:
            value = message["forward"]
            if state["onward"] is None:
                return value + state["nonce"], state
            return state["onward"].call({"forward": value + 1}, _CALL), state
        return (state["count"], state["total"]), state

    def terminate(self, state):
        pass


class Genserver(SyncBench):
    distribution = "genserver"
    cannot = {
        "W3": "a call blocks its thread",
        "W6m": _THREADS,
        "W7": f"{_THREADS}: 111,111 of them",
        "W9": "no supervision",
        "W10": "no supervision",
    }

    def start(self, nonce, onward=None):
        server = Server()
        server.start(nonce, onward)
        return server

    def tell(self, handle):
        return lambda value: handle.cast({"add": value})

    def ask(self, handle):
        return lambda value: handle.call({"echo": value}, _CALL)

    def totals(self, handle):
        return handle.call({"totals": 0}, _CALL)

    def stop(self, handles):
        for handle in handles:
            handle.stop()

    def chain(self, depth, nonce):
        link = None
        for _ in range(depth):
            link = self.start(nonce, link)
        return lambda value: link.call({"forward": value}, _CALL)


BENCH = Genserver()
