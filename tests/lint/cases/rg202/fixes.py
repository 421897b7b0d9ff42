"""Where a timeout is written to."""

import asyncio
import urllib.request as request

import pykka
import regrow as rg
import requests
from requests import get


class Counter(rg.GenServer):
    @rg.call
    def read(self, key) -> int:
        return 1


async def ours(counter: rg.Ref[Counter], key):
    await counter.call(Counter.read((key, "a")))  # expect: RG202
    await counter.call(  # expect: RG202
        Counter.read(key),  # nested (and, commas)
    )
    await counter.down()  # expect: RG202
    await rg.supervised_send(counter, Counter.read(await counter.call(Counter.read(key))))  # expect: RG202, RG202


def others(url, items, actor: pykka.ActorRef):
    get(url)  # expect: RG202
    requests.post(url, json={"a": (1, 2)}).raise_for_status()  # expect: RG202
    request.urlopen(url, data=b",)")  # expect: RG202
    get(one for one in items)  # expect: RG202
    actor.ask("question")  # expect: RG202
    actor.call("question")  # expect: RG202
    return "requests.get(url)"  # requests.get(url)


async def opens(host):
    reader, writer = await asyncio.open_connection(host, 80)  # expect: RG202
    return reader, writer
