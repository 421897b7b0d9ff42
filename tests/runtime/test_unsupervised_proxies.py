"""What searches the whole program meets objects of other libraries that may not even be looked at."""

import regrow as rg
from tests.runtime.kit import play


def test_a_proxy_that_refuses_everything_is_no_hindrance(hand_off: bool) -> None:
    class Proxy:
        """As of a web framework: outside a request it refuses everything."""

        def __getattribute__(self, name: str) -> object:
            raise RuntimeError(name)

    async def body(system: rg.System) -> None:
        before = system.unsupervised()
        held = [Proxy()]
        assert system.unsupervised() == before
        assert len(held) == 1

    play(body, hand_off=hand_off)
