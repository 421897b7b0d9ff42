"""Endless timeouts of Regrow's own calls."""

import asyncio
from math import inf

import regrow as rg


async def ours(counter: rg.Pid[rg.GenServer], message):
    await counter.call(message, timeout=None)  # expect: RG204
    await counter.call(message, timeout=float("inf"))  # expect: RG204
    await rg.supervised_send(counter, message, timeout=inf)  # expect: RG204
    await rg.sync(
        counter,
        timeout=None,  # expect: RG204
    )
    await asyncio.wait_for(message, None)  # expect: RG204
    message.join(timeout=inf)  # expect: RG204
