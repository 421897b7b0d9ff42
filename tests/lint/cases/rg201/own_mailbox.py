import asyncio


class Actor:
    def __init__(self) -> None:
        self._mailbox = asyncio.Queue()


class Cell:
    inbox: asyncio.Queue


class Reference:
    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def tell(self, message: str) -> None:
        self._actor._mailbox.put_nowait(message)
        self._actor.inbox.put_nowait(message)
        self._actor.mailbox.put_nowait(message)  # expect: RG201
