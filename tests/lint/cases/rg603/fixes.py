# role: test
"""Looks at a server's state that become calls, where there is one that returns just that."""

import regrow as rg


class Counter(rg.GenServer):
    def init(self):
        self.state = {"total": 0}

    @rg.call
    def read(self) -> dict[str, int]:
        """All of it."""
        return self.state


class Named(rg.GenServer):
    def init(self):
        self.state = 0

    @rg.call
    def more(self, by: int) -> int:
        return self.state

    @rg.call
    def next(self) -> int:
        self.state += 1
        return self.state

    def plain(self) -> int:
        return self.state


def test_of_an_object():
    counter = Counter()
    assert counter.state == {"total": 0}  # expect: RG603
    assert counter.state["total"] == 0  # expect: RG603
    assert (lambda: counter.state)() is not None  # expect: RG603
    counter.state = {}  # expect: RG603
    counter.state["total"] = 1  # expect: RG603
    counter.state.clear()  # expect: RG603
    assert f"{counter.state}" == "{}"  # expect: RG603


def test_without_a_call():
    named = Named()
    assert named.state == 0  # expect: RG603
