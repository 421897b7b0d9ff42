# role: test
"""Looks at a server's state that become calls which return it."""

import regrow as rg


class Counter(rg.GenServer):
    def init(self):
        self.state = [1, 2]

    @rg.call
    def rows(self) -> list[int]:
        return self.state


def test_rows():
    counter = Counter()
    counter.init()
    print(counter.state, counter.state[-1], [one for one in counter.state], len(counter.state))
    rows = counter.state
    rows.append(3)
    print(counter.state)


test_rows()
