"""Values as short texts: bounded in length and in work, redacted, never an error."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrow.core.show import MAX_SHOWN, shower

show = shower(None)


class Point(msgspec.Struct):
    x: object
    y: object = None


PLAIN = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=20)
)
NESTED = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4)
        | st.builds(Point, inner)
    ),
    max_leaves=8,
)


@given(NESTED)
def test_what_is_small_is_shown_as_repr_does(value: object) -> None:
    text = repr(value)
    if (
        len(text) <= MAX_SHOWN
        and "[[[[[" not in text
        and text.count("(") + text.count("{") + text.count("[") < 4
    ):
        assert show(value) == text
    assert len(show(value)) <= MAX_SHOWN


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (set(range(1)), "{0}"),
        (frozenset([1]), "frozenset({1})"),
        (deque([1, 2]), "deque([1, 2])"),
        (set(), "set()"),
        (frozenset(), "frozenset()"),
        ((), "()"),
        (list(range(10**6)), f"[{', '.join(map(str, range(20)))}, ... (1000000 in all)]"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_containers(value: object, text: str) -> None:
    assert show(value) == text


def test_a_long_text_is_cut_before_it_is_quoted() -> None:
    assert show("x" * 10**7) == "'" + "x" * (MAX_SHOWN - 4) + "..."


@dataclass
class Order:
    lines: list[int]
    secret: str = field(default="s", repr=False)


def test_dataclasses_and_other_mappings_are_bounded_too() -> None:
    assert show(Order([1])) == "Order(lines=[1])" == repr(Order([1]))
    assert show(Order([0] * 10**6)).endswith("(1000000 in all)])")
    assert show(Counter("a")) == "Counter({'a': 1})"
    many: defaultdict[int, int] = defaultdict(int, {number: number for number in range(10**5)})
    assert show(many).endswith("(100000 in all)})")


class Counting(dict[str, object]):
    """Not shown part by part: it has a repr of its own."""

    def __repr__(self) -> str:
        return "mine"


def test_a_repr_of_ones_own_is_asked() -> None:
    assert show([Counting()]) == "[mine]"


def test_the_work_is_bounded_however_it_nests() -> None:
    asked = 0

    class Leaf:
        def __repr__(self) -> str:
            nonlocal asked
            asked += 1
            return "leaf"

    show([[[[Leaf() for _ in range(20)] for _ in range(20)] for _ in range(20)] for _ in range(20)])
    assert 0 < asked <= 100


def test_what_holds_itself_ends() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert show(loop) == "[[[[[...]]]]]"


class Bad:
    def __repr__(self) -> str:
        raise SystemExit("repr")


def test_errors_become_text() -> None:
    assert show([1, Bad()]) == "[1, <Bad: repr raised SystemExit>]"
    assert show(10**5000) == "<int: repr raised ValueError>"


def test_redact_sees_the_value_and_fails_closed() -> None:
    assert shower(lambda value: ("seen", value))(3) == "('seen', 3)"

    def raising(value: object) -> object:
        raise OSError

    assert shower(raising)("secret") == "<str: redact raised OSError>"


def test_an_interrupt_is_let_through() -> None:
    def interrupted(value: object) -> object:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shower(interrupted)(1)
