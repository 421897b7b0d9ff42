import asyncio
import http.client
import smtplib
import socket
import urllib.request
from test.support import socket_helper
from unittest.mock import patch
from urllib.request import urlopen

import anyio
import eventlet
import pykka
import requests

import regrow as rg


class Counter(rg.GenServer):
    @rg.call
    def count(self) -> int:
        return 1


class Actor(pykka.ThreadingActor): ...


async def ours(pid: rg.Pid[Counter], maybe: "rg.Ref[Counter] | None", options, anything) -> None:
    await pid.call(Counter.count())  # expect: RG202
    await pid.call(Counter.count(), timeout=1)
    await pid.call(Counter.count(), **options)
    await pid.down()  # expect: RG202
    await pid.down(timeout=1)
    await maybe.reserve()  # expect: RG202
    await rg.supervised_send(pid, Counter.count())  # expect: RG202
    await rg.supervised_send(pid, Counter.count(), timeout=2)
    await anything.call(Counter.count())  # expect: RG202
    await anything.call(options)
    anything.down()
    anything.call()


async def made() -> None:
    async with rg.System([]) as system:
        ref = system.ref("counter")
        await ref.call(Counter.count())  # expect: RG202
        await system.ref("counter").call(Counter.count())  # expect: RG202
        await system.ref("counter").down(timeout=3)
        (await rg.spawn(made)).down()  # expect: RG202


def threads(pid: rg.Pid[Counter]) -> None:
    pid.from_thread.call(Counter.count())  # expect: RG202


def actors(reference: pykka.ActorRef, other) -> None:
    reference.ask("x")  # expect: RG202
    reference.ask("x", timeout=1)
    reference.ask("x", block=False)
    other.ask("x")
    actor = Actor.start()
    actor.ask("x")  # expect: RG202


class Client:
    def __init__(self) -> None:
        self.session = requests.Session()

    def get(self, url: str, kwargs: dict) -> None:
        self.session.get(url)  # expect: RG202
        self.session.get(url, timeout=3)
        requests.get(url)  # expect: RG202
        requests.post(url, timeout=(1, 2))
        requests.post(url, **kwargs)
        kwargs.get(url)


def sockets(url: str) -> None:
    urllib.request.urlopen(url)  # expect: RG202
    urlopen(url, None, 3)
    socket.create_connection(("host", 1))  # expect: RG202
    socket.create_connection(("host", 1), 5)
    http.client.HTTPSConnection("host")  # expect: RG202
    smtplib.SMTP("host", timeout=4)


def handed_on(address, timeout=None):
    if timeout is not None:
        return socket.create_connection(address, timeout)
    return socket.create_connection(address)


def other_kind(address, timeout=None):
    return socket.create_connection(address)  # expect: RG202


def nowhere() -> None:
    urlopen("data:,")
    urllib.request.urlopen("file:///etc/hosts")
    address = "file:///%s" % "etc"
    urlopen(address)
    urlopen(f"data:{address}")
    elsewhere = "https://example.org"
    urlopen(elsewhere)  # expect: RG202


def connects_later() -> None:
    mail = smtplib.SMTP()
    mail.connect("host", 25, timeout=3)
    smtplib.SMTP("host")  # expect: RG202


async def connected(sock) -> None:
    await asyncio.open_connection(sock=sock)


async def streams() -> None:
    await asyncio.open_connection("host", 1)  # expect: RG202
    async with asyncio.timeout(3):
        await asyncio.open_connection("host", 1)
    await asyncio.wait_for(asyncio.open_connection("host", 1), 3)
    await asyncio.wait_for(asyncio.open_connection("host", 1), timeout=None)


def refused(self, pytest) -> None:
    with pytest.raises(TypeError):
        requests.get("https://example.org")
    with self.assertRaises(TypeError):

        def later() -> None:
            requests.get("https://example.org")  # expect: RG202

        later()


def asked(url: str) -> bytes:
    if url.startswith("data:"):
        return urllib.request.urlopen(url).read()
    if url.startswith(("data:", "https:")):
        return urllib.request.urlopen(url).read()  # expect: RG202
    if not url.startswith("data:"):
        return urllib.request.urlopen(url).read()  # expect: RG202
    if url and url.startswith(("data:", "file:")):
        return urllib.request.urlopen(url).read()
    else:
        return urllib.request.urlopen(url).read()  # expect: RG202


def replaced(fake) -> None:
    http.client.HTTPConnection = fake
    urllib.request.urlopen("https://example.org")


@patch("requests.get")
def patched(fake) -> None:
    requests.get("https://example.org")
    requests.post("https://example.org")  # expect: RG202


def flaky(url: str) -> None:
    with socket_helper.transient_internet(url):
        urllib.request.urlopen(url)
    with anyio.fail_after(3):
        urllib.request.urlopen(url)  # expect: RG202
    with eventlet.Timeout(5, False):
        requests.get(url)
