"""A System in an ASGI app: Starlette's `lifespan=`, the wrapper for any app, and a real server."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

import regrow as rg
from regrow.runtime.lifespan import ASGIApp, Message, Receive, Scope, Send
from regrow.testing import run_virtual
from tests.runtime.life_servers import LOG, Fails, Worker, fail, worker
from tests.runtime.loops import LOOPS, Factory, run_on


@pytest.fixture(autouse=True)
def _fresh() -> None:
    LOG.clear()


# -- the protocol, word for word ---------------------------------------------------------------


async def speak(app: ASGIApp, during: Callable[[], Awaitable[None]] | None = None) -> list[str]:
    """Be the server: startup, `during`, shutdown. Returns what the app said, with the log in between."""
    said: list[str] = []
    inbox: asyncio.Queue[Message] = asyncio.Queue()
    started = asyncio.Event()

    async def send(message: Message) -> None:
        text = f" {message['message']}" if "message" in message else ""
        said.append(f"{message['type']}{text} after {LOG[-1] if LOG else 'nothing'}")
        started.set()

    async def serve() -> None:
        await app({"type": "lifespan", "asgi": {"version": "3.0"}}, inbox.get, send)

    task = asyncio.create_task(serve())
    inbox.put_nowait({"type": "lifespan.startup"})
    await started.wait()
    if during is not None:
        await during()
    inbox.put_nowait({"type": "lifespan.shutdown"})
    (outcome,) = await asyncio.gather(task, return_exceptions=True)
    return [*said, type(outcome).__name__] if outcome is not None else said


async def knows_nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """An app without a lifespan, as the specification allows."""
    assert scope["type"] == "http"


async def knows(scope: Scope, receive: Receive, send: Send) -> None:
    """An app with a lifespan of its own, inside the System's."""
    assert (await receive())["type"] == "lifespan.startup"
    LOG.append("app up")
    await send({"type": "lifespan.startup.complete"})
    assert (await receive())["type"] == "lifespan.shutdown"
    LOG.append("app down")
    await send({"type": "lifespan.shutdown.complete"})


async def refuses(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})


async def crashes(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    raise ValueError("late")


def test_the_wrapper_starts_before_and_stops_after_an_app_that_speaks_lifespan() -> None:
    said = run_virtual(speak(rg.System([worker("a")]).asgi(knows)))
    assert said == ["lifespan.startup.complete after app up", "lifespan.shutdown.complete after -a"]
    assert LOG == ["+a", "app up", "app down", "-a"]


def test_the_wrapper_speaks_for_an_app_that_does_not() -> None:
    said = run_virtual(speak(rg.System([worker("a")]).asgi(knows_nothing)))
    assert said == ["lifespan.startup.complete after +a", "lifespan.shutdown.complete after -a"]


def test_a_system_that_does_not_start_says_so_to_the_server() -> None:
    said = run_virtual(speak(rg.System([worker("a"), rg.child(Fails)]).asgi(knows)))
    assert len(said) == 1
    assert said[0].startswith("lifespan.startup.failed ChildStartFailed: child 'Fails' did not start")
    assert LOG == ["+a", "-a"]


def test_an_app_that_does_not_start_is_heard_when_the_system_is_down() -> None:
    said = run_virtual(speak(rg.System([worker("a")]).asgi(refuses)))
    assert said == ["lifespan.startup.failed no database after -a"]


def test_an_app_that_crashes_at_the_end_is_told_and_the_system_stops() -> None:
    said = run_virtual(speak(rg.System([worker("a")]).asgi(crashes)))
    complete, failed, error = said
    assert complete == "lifespan.startup.complete after +a"
    assert failed == "lifespan.shutdown.failed ValueError: late after -a"
    assert error == "ValueError"


@pytest.mark.parametrize("app", [knows, knows_nothing])
def test_a_system_that_fails_meanwhile_is_told_to_the_server(app: ASGIApp) -> None:
    system = rg.System([worker("a")], max_restarts=0)

    async def during() -> None:
        await fail(system)

    said = run_virtual(speak(system.asgi(app), during))
    assert said[1].startswith("lifespan.shutdown.failed SystemFailed")
    assert said[-1] == "SystemFailed"


def test_requests_go_straight_to_the_app() -> None:
    seen: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend([scope, receive, send])

    async def receive() -> Message:
        return {}

    async def send(message: Message) -> None: ...

    scope: Scope = {"type": "http"}
    run_virtual(rg.System([worker("a")]).asgi(app)(scope, receive, send))  # type: ignore[arg-type]
    assert seen == [scope, receive, send]
    assert LOG == []


# -- a real server -----------------------------------------------------------------------------


@asynccontextmanager
async def served(app: object) -> AsyncIterator[str]:
    """Uvicorn on a free port of 127.0.0.1; it has started inside the block and has ended after it."""
    up = asyncio.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: object = None) -> None:
            await super().startup(sockets=sockets)  # type: ignore[arg-type]
            up.set()

        @contextmanager
        def capture_signals(self) -> Generator[None]:
            yield  # they are pytest's

    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="on")  # type: ignore[arg-type]
    server = Server(config)
    serving = asyncio.create_task(server.serve())
    starting = asyncio.create_task(up.wait())
    await asyncio.wait([serving, starting], return_when=asyncio.FIRST_COMPLETED)
    starting.cancel()
    try:
        assert server.started
        host, port = server.servers[0].sockets[0].getsockname()
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        await serving


@pytest.mark.parametrize("how", ["starlette", "wrapper"])
@pytest.mark.parametrize("loop_factory", LOOPS)
def test_a_server_answers_out_of_the_tree_and_stops_it(how: str, loop_factory: Factory) -> None:
    async def home(request: Request) -> PlainTextResponse:
        return PlainTextResponse(await system.ref("a", Worker).call(Worker.ping(), timeout=1.0))

    system = rg.System([worker("a"), worker("b")])
    routes = [Route("/", home)]
    app: object
    if how == "starlette":
        app = Starlette(routes=routes, lifespan=system.lifespan)
    else:
        app = system.asgi(Starlette(routes=routes))

    async def main() -> None:
        handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        async with served(app) as url, httpx.AsyncClient() as client:
            assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
            assert (await client.get(url)).text == "a"
            assert LOG == ["+a", "+b"]
        assert LOG == ["+a", "+b", "-b", "-a"]
        assert system.state == "stopped"

    run_on(loop_factory, main())
