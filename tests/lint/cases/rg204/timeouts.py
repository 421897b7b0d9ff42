import asyncio
import math
from asyncio import timeout
from math import inf

import anyio
import httpx
import requests
import trio

import regrow as rg


async def known(work) -> None:
    await asyncio.wait_for(work, None)  # expect: RG204
    await asyncio.wait_for(work, timeout=math.inf)  # expect: RG204
    await asyncio.wait_for(work, 86_401)  # expect: RG204
    await asyncio.wait_for(work, 3600)
    async with timeout(None):  # expect: RG204
        await work
    async with timeout(5):
        await work
    with anyio.fail_after(None):  # expect: RG204
        await work
    with trio.move_on_after(inf):  # expect: RG204
        await work


async def moved(work) -> None:
    async with asyncio.timeout(None) as scope:
        scope.reschedule(3)
        await work
    with anyio.fail_after(None) as scope:
        scope.deadline = 3
        await work
    async with asyncio.timeout(None) as unused:  # expect: RG204
        await work


async def ours(pid: rg.Pid[object], other) -> None:
    await pid.call("x", timeout=None)  # expect: RG204
    await rg.supervised_send(pid, "x", timeout=float("inf"))  # expect: RG204
    await pid.down(timeout=100_000)  # expect: RG204
    other.call("x", timeout=None)
    other.result(timeout=None)


def http(url: str, seconds: float | None) -> None:
    requests.get(url, timeout=None)  # expect: RG204
    httpx.Client(timeout=None)  # expect: RG204
    requests.get(url, timeout=seconds)
    requests.get(url, timeout=3)


def any_call(thing) -> None:
    thing.wait(timeout=float("Infinity"))  # expect: RG204
    thing.wait(timeout=math.inf)  # expect: RG204
    thing.wait(timeout=None)
    thing.cache(timeout=604_800)


async def refused(work, pytest) -> None:
    with pytest.raises(ValueError):
        await asyncio.wait_for(work, None)
    with pytest.raises(ValueError), open("log"):
        await work.wait(timeout=math.inf)
    with open("log"):
        await work.wait(timeout=math.inf)  # expect: RG204
