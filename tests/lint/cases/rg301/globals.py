count = 0
limit = 10
cached = None
unused = 1


def opened():
    global count  # expect: RG301
    count += 1


def closed():
    global count
    count -= 1


def load():
    global cached, added  # expect: RG301 # expect: RG301
    cached = added = object()


def reads():
    global limit
    return limit


def local():
    unused = 2
    return unused


def outer():
    state = 0

    def inner():
        nonlocal state
        state += 1

    return inner
