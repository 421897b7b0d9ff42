import functools
import os
import threading

guard = threading.Lock()
shared = None
count = 0
limit = 10
cached = None
first = None
handle = None
unused = 1


def opened():
    global count  # expect: RG301
    count += 1


def closed():
    global count
    count -= 1


def load(value):
    global cached, added  # expect: RG301
    cached = added = value


def reads():
    global limit
    return limit


def lazily():
    global first
    if first is None:
        first = object()
    return first


def returns_early():
    global handle
    if handle is not None:
        return handle
    handle = object()
    return handle


def by_another_name():
    global shared
    found = shared
    if found is None:
        found = object()
        shared = found
    return found


@functools.cache
def once():
    global level
    level = os.getenv("LEVEL")


def after_fork():
    global guard
    guard = threading.Lock()


def pager(text):
    global pager
    pager = print
    pager(text)


def _reset_after_fork():
    global children
    children = 0


def refresh(value):
    global _value_cache
    _value_cache = value


def sets_several(value):
    global host  # expect: RG301
    global port
    host, port = value


def loads():
    global tool
    from json import loads as _tool

    tool = _tool


def forgets():
    global handle
    handle = None


def imports():
    global json
    import json


def main():
    global limit
    limit = 20


def local():
    unused = 2
    return unused


def outer():
    state = 0

    def inner():
        nonlocal state
        state += 1

    return inner
