"""Messages as bytes: what comes back is equal, and what doesn't fit says where."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrow.core.codec import codec
from regrow.core.decorators import call, cast
from regrow.core.messages import CallMessage, Message
from regrow.errors.calls import WrongServer
from regrow.errors.messages import DecodeFailed, EncodeFailed, HandlerGone, NoCodec, NotAMessage, WrongVersion

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Point:
    x: int
    y: float


class Tree(msgspec.Struct):
    value: int
    children: list["Tree"] = []


class Store:
    @call(version=2)
    def put(
        self, key: str, value: bytes = b"", *, points: tuple[Point, ...] = (), at: int | None = None
    ) -> int:
        return 1

    @cast
    def paint(self, colours: dict[str, Colour], where: set[int], /, when: dt.date | None = None) -> None: ...

    @call
    def plant(self, tree: Tree, *, depth: float, note: str = "") -> Tree:
        return tree

    @call
    def anything(self, value: object, more=None) -> None: ...  # type: ignore[no-untyped-def]

    @cast
    def clear(self) -> None: ...


class Derived(Store):
    @call
    def put(
        self,
        key: str,
        value: bytes = b"",
        extra: int = 0,
        *,
        points: tuple[Point, ...] = (),
        at: int | None = None,
    ) -> int:
        return 2


class Stack(Generic[T]):
    @call
    def push(self, item: T, others: list[T] | None = None) -> int:
        return 1


class Pairs(Stack[tuple[K, V]], Generic[V, K]): ...


class PointsByColour(Pairs[Point, Colour]): ...


class Bad:
    @call
    def unresolved(self, a: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821

    @call
    def ambiguous(self, a: list[int] | set[str]) -> None: ...

    @call
    def fine(self, a: int) -> None: ...


def wire(*parts: object) -> bytes:
    return msgspec.msgpack.encode(parts)


NAME = f"{__name__}:Store"
INT = st.integers(-(2**63), 2**64 - 1)
FLOAT = st.floats(allow_nan=False)
POINT = st.builds(Point, INT, FLOAT)
TREE = st.recursive(
    st.builds(Tree, INT), lambda inner: st.builds(Tree, INT, st.lists(inner, max_size=3)), max_leaves=8
)
JSON = st.recursive(
    st.none() | st.booleans() | INT | FLOAT | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
MESSAGES = st.one_of(
    st.builds(
        Store.put, st.text(), st.binary(), points=st.lists(POINT, max_size=3).map(tuple), at=st.none() | INT
    ),
    st.builds(
        Store.paint,
        st.dictionaries(st.text(), st.sampled_from(Colour), max_size=3),
        st.sets(INT, max_size=3),
        st.none() | st.dates(),
    ),
    st.builds(Store.plant, TREE, depth=FLOAT, note=st.text()),
    st.builds(Store.anything, JSON, JSON),
    st.builds(Store.clear),
)


@given(message=MESSAGES)
def test_what_was_encoded_comes_back(message: Message) -> None:
    for server in (Store, Derived):
        decoded = codec(server).decode(codec(server).encode(message))
        assert decoded == message
        assert type(decoded) is type(message)


@given(data=st.binary() | JSON.map(msgspec.msgpack.encode))
def test_bytes_of_something_else_are_refused(data: bytes) -> None:
    with pytest.raises(DecodeFailed):
        codec(Store).decode(data)


def test_the_form_on_the_wire() -> None:
    message = Store.put("k", points=(Point(1, 0.5),))
    assert msgspec.msgpack.decode(codec(Store).encode(message)) == [
        NAME, "put", 2, "k", b"", [{"x": 1, "y": 0.5}], None,
    ]  # fmt: skip
    assert msgspec.msgpack.decode(codec(Store).encode(Store.clear())) == [NAME, "clear", 1]


def test_a_codec_is_made_once_per_class() -> None:
    assert codec(Store) is codec(Store)
    assert codec(Derived) is not codec(Store)
    assert codec(Derived).server is Derived


def test_the_codec_of_a_subclass_knows_both_messages_of_an_override() -> None:
    for message in (Store.put("k"), Derived.put("k", extra=3)):
        assert codec(Derived).decode(codec(Derived).encode(message)) == message
    with pytest.raises(WrongServer):
        codec(Store).encode(Derived.put("k"))
    with pytest.raises(HandlerGone):
        codec(Store).decode(codec(Derived).encode(Derived.put("k")))


def test_type_variables_stand_for_what_the_subclass_says() -> None:
    message = PointsByColour.push((Colour.RED, Point(1, 2.0)), [(Colour.BLUE, Point(3, 4.0))])
    data = codec(PointsByColour).encode(message)
    assert codec(PointsByColour).decode(data) == message
    with pytest.raises(DecodeFailed, match=r"Stack\.push: Invalid enum value 'green'.*`item\[0\]`"):
        codec(PointsByColour).decode(wire(f"{__name__}:Stack", "push", 1, ["green", {"x": 1, "y": 2}]))
    plain = codec(Stack).decode(codec(Stack).encode(Stack[str].push("a")))
    assert plain == Stack[str].push("a")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (wire(NAME, "put", 2, "k"), Store.put("k")),
        (wire(NAME, "put", 2, "k", b"v"), Store.put("k", b"v")),
        (wire(NAME, "put", 2, "k", b"v", []), Store.put("k", b"v")),
        (wire(NAME, "paint", 1, {}, []), Store.paint({}, set())),
        (wire(NAME, "plant", 1, {"value": 1}, 2), Store.plant(Tree(1), depth=2.0)),
    ],
)
def test_arguments_with_defaults_may_be_missing_at_the_end(data: bytes, message: Message) -> None:
    assert codec(Store).decode(data) == message


@pytest.mark.parametrize(
    ("data", "error", "text"),
    [
        (b"", DecodeFailed, "no message of Store: Input data was truncated"),
        (wire(NAME, "put", 2, "k")[:-1], DecodeFailed, "truncated"),
        (wire(NAME, "put", 2, "k") + b"\x01", DecodeFailed, "trailing"),
        (msgspec.msgpack.encode({"a": 1}), DecodeFailed, "Expected `array`"),
        (wire(NAME, "put"), DecodeFailed, "Expected `array` of at least length 3"),
        (wire(NAME, "put", 2), DecodeFailed, r"Store\.put: Expected `array` of at least length 4"),
        (wire(NAME, "clear", 1, 5), DecodeFailed, r"Store\.clear: Expected `array` of at most length 3"),
        (wire(NAME, "put", 2, 5), DecodeFailed, r"Store\.put: Expected `str`, got `int` - at `key`"),
        (wire(NAME, "put", 2, "k", b"", [{"x": "a", "y": 1}]), DecodeFailed, r"at `points\[0\]\.x`"),
        (wire(NAME, "put", 1, "k"), WrongVersion, r"Store\.put has version 2 and the message version 1"),
        (wire(NAME, "get", 1, "k"), HandlerGone, r"there is no handler .*:Store\.get\."),
        (wire("elsewhere:Store", "put", 2, "k"), HandlerGone, r"no handler elsewhere:Store\.put"),
        (wire(NAME, "__init__", 1), HandlerGone, "no handler"),
    ],
)
def test_what_cannot_be_decoded(data: bytes, error: type[DecodeFailed], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        codec(Store).decode(data)
    assert caught.value.server == "Store"


def test_the_error_of_another_version_has_the_numbers() -> None:
    with pytest.raises(WrongVersion) as caught:
        codec(Store).decode(wire(NAME, "put", 7, "k"))
    assert (caught.value.found, caught.value.expected, caught.value.handler) == (7, 2, "Store.put")


@pytest.mark.parametrize(
    "value",
    [object(), 2**70, lambda: 1, "\ud800", [[object()]]],
    ids=["object", "big", "function", "text", "in"],
)
def test_what_cannot_be_encoded(value: object) -> None:
    message = Store.anything(value)
    with pytest.raises(
        EncodeFailed, match=r"Store\.anything\(.*can't be encoded: .*Pass plain values"
    ) as caught:
        codec(Store).encode(message)
    assert caught.value.message is message


@pytest.mark.parametrize("value", [3, "Store.put", CallMessage(), Store])
def test_what_is_no_message(value: object) -> None:
    with pytest.raises(NotAMessage):
        codec(Store).encode(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Bad.unresolved(3), "name 'Nowhere' is not defined"),
        (lambda: Bad.ambiguous([3]), "Type unions may not contain"),
    ],
)
def test_parameters_of_types_that_have_no_codec(make: Callable[[], Message], text: str) -> None:
    with pytest.raises(NoCodec, match=rf"Bad\.\w+ can't be encoded: {text}.*Annotate"):
        codec(Bad).encode(make())
    assert codec(Bad).decode(codec(Bad).encode(Bad.fine(3))) == Bad.fine(3)
