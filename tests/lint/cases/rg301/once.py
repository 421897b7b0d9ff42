"""What is made once, by other shapes."""

import threading

lock = threading.Lock()
loop = None
configured: set[int] = set()
learned: set[str] = set()
counted: set[str] = set()
unasked: set[str] = set()  # expect: RG301


def background(make):
    global loop
    with lock:
        if loop is None or loop.is_closed():

            def build():
                global loop
                loop = make()

            threading.Thread(target=build).start()
        return loop


def configure(engine):
    key = id(engine)
    with lock:
        if key in configured:
            return
        engine.configure()
        configured.add(key)


def remember_refusal(model):
    learned.add(model)


def count(model):
    unasked.add(model)
    if model in counted:
        return


unasked_too: set[str] = set()  # expect: RG301


def asks_after(model):
    unasked_too.add(model)
    if model in unasked_too:
        return


def first_log(*words):
    global log
    log = print
    log(*words)


log = first_log
level = 0


def set_level(value):
    global level  # expect: RG301
    level = value
