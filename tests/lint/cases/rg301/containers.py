from collections import defaultdict, deque
from dataclasses import dataclass
from typing import ClassVar

connections = []  # expect: RG301
counts: dict[str, int] = defaultdict(int)  # expect: RG301
recent = deque(maxlen=3)  # expect: RG301
table = {}
codecs = {}
page_cache = {}
words = ["a", "b"]
listeners = set()


def opened(connection):
    connections.append(connection)


def count(name):
    counts[name] += 1


def closed():
    def later():
        del recent[0]

    return later


def _fill():
    table["a"] = 1


_fill()


def register(name, codec):
    codecs[name] = codec


def fetch(url, get):
    page_cache[url] = get(url)
    return page_cache[url]


pages = {}
sizes = {}


def size(name, measure):
    if name not in sizes:
        sizes[name] = measure(name)
    return sizes[name]


def page(url, get):
    try:
        return pages[url]
    except KeyError:
        found = pages[url] = get(url)
        return found


backends = {}


def backend(scheme, entry_points):
    found = backends.get(scheme)
    if found is not None:
        return found
    for point in entry_points:
        found = backends[scheme] = point.load()
        return found
    return None


kept = {}


def options(given, check):
    found = kept.get(given)
    if found is None:
        if len(kept) > 100:
            kept.clear()
        found = kept[given] = check(given)
    return found


def read():
    return [*words, *listeners]


def shadowed(words):
    words.append("c")
    listeners = []
    listeners.append("d")


class Pool:
    free = []  # expect: RG301
    taken: ClassVar[set[int]] = set()  # expect: RG301
    own = []
    names = ["a"]

    def __init__(self):
        self.own = []

    def give(self, one):
        self.free.append(one)
        self.own.append(one)
        return self.names

    @classmethod
    def take(cls, one):
        cls.taken.add(one)


@dataclass
class Model:
    items: list = []

    def add(self, one):
        self.items.append(one)


def main():
    words.append("c")


if __name__ == "__main__":
    main()


flags = {}  # expect: RG301
add_flag = lambda *pairs: flags.update(pairs)  # noqa: E731
