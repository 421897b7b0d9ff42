"""Libraries that make tasks inside work under strict mode, inside processes: real ones, on 127.0.0.1."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import anyio
import anyio.from_thread
import anyio.to_thread
import httpx
import pytest
import uvicorn

import regrow as rg
from tests.runtime.loops import LOOPS, run_on

T = TypeVar("T")
SECONDS = 15.0


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Callable[[Callable[[], Coroutine[Any, Any, T]]], T]:
    """Run a coroutine function on a real loop, within a deadline."""

    def run_it(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return run_on(request.param, main(), limit=SECONDS)

    return run_it


class Quiet(uvicorn.Server):
    """A server that leaves the signals to who runs the program, and says when it is up."""

    def __init__(self, config: uvicorn.Config, up: asyncio.Event) -> None:
        super().__init__(config)
        self.up = up

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the path, made by a task of its own."""
    assert scope["type"] == "http"
    async with asyncio.TaskGroup() as group:
        body = group.create_task(shout(scope["path"]))
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body.result()})


async def shout(path: str) -> bytes:
    return path.upper().encode()


class Fetcher(rg.GenServer):
    """Holds an HTTP client over many calls, as an application would."""

    async def init(self, port: int) -> None:
        self.client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=SECONDS, trust_env=False)

    @rg.call
    async def fetch(self, path: str) -> str:
        return (await self.client.get(path)).text

    @rg.call
    async def fetch_all(self, paths: list[str]) -> list[str]:
        answers = dict.fromkeys(paths, "")

        async def one(path: str) -> None:
            answers[path] = (await self.client.get(path)).text

        async with anyio.create_task_group() as group:
            for path in paths:
                group.start_soon(one, path)
        return list(answers.values())

    async def terminate(self, reason: rg.ExitReason) -> None:
        await self.client.aclose()


def listening() -> socket.socket:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock


def tasks_of_nobody(system: rg.System) -> list[str]:
    return [row.name for row in system.unsupervised() if row.kind == "task"]


@pytest.mark.parametrize("reset", [False, True], ids=["kept", "reset"])
def test_uvicorn_serves_in_one_process_and_httpx_asks_in_another(
    run: Any, reset: bool, hand_off: bool
) -> None:
    async def main() -> None:
        up = asyncio.Event()
        sock = listening()

        async def serve() -> None:
            config = uvicorn.Config(app, log_config=None, lifespan="off", reset_contextvars=reset)
            server = Quiet(config, up)
            try:
                await server.serve(sockets=[sock])
            finally:
                await server.shutdown(sockets=[sock])  # the client, started later, has ended before

        fetcher = rg.child(Fetcher, name="fetcher", args=(sock.getsockname()[1],))
        children = [rg.child(serve, id="server", restart="temporary"), fetcher]
        async with rg.System(children, hand_off=hand_off, strict=True) as system:
            await up.wait()
            ref = system.ref("fetcher", Fetcher)
            assert await ref.call(Fetcher.fetch("/one"), timeout=SECONDS) == "/ONE"
            paths = [f"/{n}" for n in range(5)]
            assert await ref.call(Fetcher.fetch_all(paths), timeout=SECONDS) == paths
            assert tasks_of_nobody(system) == []
            assert system.statistics().crashed == 0

    run(main)


def test_an_asyncio_server_in_a_process_answers_httpx_in_a_guest(run: Any, hand_off: bool) -> None:
    async def main() -> None:
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
            await writer.drain()
            writer.close()

        async def serve() -> None:
            async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
                port.set_result(server.sockets[0].getsockname()[1])
                await server.serve_forever()

        async with rg.System(hand_off=hand_off, strict=True) as system:
            system.spawn(serve)
            url = f"http://127.0.0.1:{await port}/"
            async with system.guest(), httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client:
                assert (await client.get(url)).text == "ok"
                assert tasks_of_nobody(system) == []

    run(main)


def test_anyio_groups_limits_and_threads_work_in_a_process(run: Any, hand_off: bool) -> None:
    async def work() -> list[object]:
        results: list[object] = []
        send, receive = anyio.create_memory_object_stream[int](1)

        async def produce() -> None:
            async with send:
                for n in range(3):
                    await send.send(n)

        async def started(*, task_status: anyio.abc.TaskStatus[str]) -> None:
            task_status.started("up")

        async def come_back() -> str:
            return "back"

        async with anyio.create_task_group() as group:
            group.start_soon(produce)
            results.append(await group.start(started))
            async with receive:
                results.extend([item async for item in receive])
        with anyio.move_on_after(0.001) as scope:
            await anyio.Event().wait()
        results.append(scope.cancelled_caught)
        results.append(await anyio.to_thread.run_sync(lambda: anyio.from_thread.run(come_back)))
        return results

    async def main() -> None:
        async with rg.System([rg.task_supervisor(name="tasks")], hand_off=hand_off, strict=True) as system:
            handle = await rg.start_task(system.ref("tasks", rg.TaskSupervisor), work())
            assert await handle.result(timeout=SECONDS) == ["up", 0, 1, 2, True, "back"]
            assert tasks_of_nobody(system) == []

    run(main)


def test_a_killed_process_takes_its_librarys_tasks_along(run: Any, hand_off: bool) -> None:
    entered: list[str] = []
    left: list[str] = []

    async def main() -> None:
        both = asyncio.Event()

        async def hang(name: str) -> None:
            entered.append(name)
            if len(entered) == 2:
                both.set()
            try:
                await anyio.Event().wait()
            finally:
                left.append(name)

        async def work() -> None:
            async with anyio.create_task_group() as group:
                group.start_soon(hang, "one")
                group.start_soon(hang, "two")

        async with rg.System(hand_off=hand_off, strict=True) as system:
            pid = system.spawn(work)
            await both.wait()
            pid.kill()
            assert await pid.down(timeout=SECONDS) is rg.KILLED
            assert sorted(left) == ["one", "two"]
            assert system.statistics().zombies == 0

    run(main)
