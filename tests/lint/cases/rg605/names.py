# role: test
import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from aiohttp import web

import regrow as rg
from shop import system as shop

PORT = 8765
LATE: int = 0
loop = asyncio.new_event_loop()  # expect: RG605
pool = ThreadPoolExecutor()  # expect: RG605
system = rg.System([])  # expect: RG605


async def test_listens(handler, runner, unused_tcp_port):
    await asyncio.start_server(handler, "127.0.0.1", 8888)  # expect: RG605
    await asyncio.start_server(handler, "127.0.0.1", port=PORT)  # expect: RG605
    await asyncio.start_server(handler, "127.0.0.1", 0)
    await asyncio.start_server(handler, "127.0.0.1", LATE)
    await asyncio.start_server(handler, "127.0.0.1", unused_tcp_port)
    await asyncio.start_unix_server(handler, "/tmp/test.sock")  # expect: RG605
    web.TCPSite(runner, "localhost", 8080)  # expect: RG605
    await asyncio.open_connection("127.0.0.1", 8888)


def test_binds(server_port):
    one = socket.socket()
    one.bind(("", 9999))  # expect: RG605
    one.bind(("", 0))
    one.bind(("", server_port))
    HTTPServer(("localhost", 8000), BaseHTTPRequestHandler)  # expect: RG605


async def test_protocol(factory):
    own = asyncio.get_running_loop()
    loop = own
    await loop.create_server(factory, "127.0.0.1", 5000)  # expect: RG605
    await loop.create_server(factory, "127.0.0.1", port=0)


def test_grpc(server):
    server.add_insecure_port("[::]:50051")  # expect: RG605
    server.add_insecure_port("[::]:0")


async def test_finds():
    assert system.whereis("stock") is None  # expect: RG605
    assert shop.whereis("stock") is None  # expect: RG605
    async with rg.System([]) as own:
        assert own.whereis("stock") is None


def test_own_thread():
    thread = threading.Thread(target=print)
    thread.start()
    thread.join()


async def test_refuses(factory):
    loop = asyncio.get_running_loop()
    with pytest.raises(ValueError, match="ssl"):
        await loop.create_server(factory, "127.0.0.1", 80, ssl_handshake_timeout=1)


def test_anything(server):
    try:
        server.bind(("127.0.0.1", 8081))
    except OSError:
        server.close()


class TestShared:
    @classmethod
    def setUpClass(cls):
        cls.pool = ThreadPoolExecutor()

    @classmethod
    def tearDownClass(cls):
        cls.pool.shutdown()
