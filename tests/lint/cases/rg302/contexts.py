import contextvars
import threading
from contextvars import ContextVar
from threading import local as thread_local

user: ContextVar[str] = ContextVar("user")
depth = contextvars.ContextVar("depth", default=0)
count = contextvars.ContextVar("count", default=0)
tokens = contextvars.ContextVar("tokens", default=0)
here = threading.local()  # expect: RG302
there = thread_local()


async def handle(request):
    user.set(request.user)  # expect: RG302
    await request.respond()
    user.set(None)


async def local_to_a_thread(request):
    here.user = request.user
    await request.respond()


def connection(connect):
    there.connection = connect()


def counts(value):
    token = count.set(value)  # expect: RG302
    return value


def counts_on():
    count.set(count.get() + 1)


async def resets(request):
    token = tokens.set(request.user)
    try:
        await request.respond()
    finally:
        tokens.reset(token)


def of_a_variable_that_is_reset(value):
    tokens.set(value)


async def sets_back(request):
    old = depth.get()
    depth.set(old + 1)
    try:
        await request.respond()
    finally:
        depth.set(old)


def gives_the_token(value):
    return depth.set(value)


class Scope:
    def __init__(self):
        self.user = ContextVar("scope")
        self.names = set()
        self.lock = threading.Lock()

    def enter(self, value):
        self.user.set(value)  # expect: RG302

    def __enter__(self):
        self.token = depth.set(1)

    def __exit__(self, *error):
        depth.reset(self.token)


def others(event, widget):
    event.set()
    widget.set(1)
    user = widget
    user.set(2)
