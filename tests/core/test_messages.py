"""Messages as values: what they hold, how they compare, show, copy, pickle, and cost."""

import copy
import gc
import pickle
import sys
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Literal, NewType
from weakref import ref

import pytest

from regrow.core.decorators import call, cast
from regrow.core.messages import CallMessage, CastMessage, Message, MessageInfo, message_info
from regrow.errors.messages import HandlerGone, NotAMessage


class Colour(Enum):
    RED = 1


Id = NewType("Id", int)
SENTINEL = object()


class Counter:
    def __init__(self) -> None:
        self.n = 0

    @call(version=3)
    def increment(self, by: int = 1) -> int:
        """Adds."""
        self.n += by
        return self.n

    @cast
    def reset(self) -> None:
        self.n = 0

    @call
    def everything(self, a: int, /, b: str, c: object = SENTINEL, *, d: bytes, e: float = 0.5) -> object:
        return (a, b, c, d, e)

    @call
    def collect(
        self,
        items: list[int] = [1],  # noqa: B006
        names: dict[str, int] = {},  # noqa: B006
        where: tuple[int, ...] = (1, 2),
    ) -> list[int]:
        return items

    @call
    def scalars(  # noqa: PLR0917
        self,
        a: int | None,
        b: Literal["x", 3],
        c: Colour,
        d: Annotated[str, "a note"],
        e: Id,
        f: "float | bytes",
    ) -> None: ...

    @call
    def fail(self, error: Exception) -> None: ...

    @call
    def unknown(self, a: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821

    @call
    def bare(self, a) -> None: ...  # type: ignore[no-untyped-def]


class Gone:
    @call
    def handler(self) -> None: ...


def make_local() -> type:
    class Local:
        @call
        def get(self, key: str) -> str:
            return key

    return Local


def test_fields_are_the_arguments() -> None:
    message = Counter.everything(1, "b", d=b"d")
    assert [getattr(message, name) for name in "abcde"] == [1, "b", SENTINEL, b"d", 0.5]
    assert isinstance(message, CallMessage)
    assert isinstance(message, Message)
    assert isinstance(Counter.reset(), CastMessage)


def test_repr_is_what_makes_it() -> None:
    assert repr(Counter.increment(5)) == "Counter.increment(by=5)"
    assert repr(Counter.reset()) == "Counter.reset()"
    assert repr(make_local().get("k")) == "Local.get(key='k')"  # type: ignore[attr-defined]


def test_equal_arguments_make_equal_messages() -> None:
    assert Counter.increment(5) == Counter.increment(by=5)
    assert Counter.increment(5) != Counter.increment(6)
    assert Counter.reset() == Counter.reset()
    assert len({Counter.increment(), Counter.reset()}) == 2
    assert len({Counter.increment(5), Counter.increment(5), Counter.reset()}) == 2


def test_a_message_hashes_when_its_arguments_do() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(Counter.collect([1]))


def test_a_message_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Counter.increment(5).by = 6  # type: ignore[attr-defined]


def test_two_messages_share_no_default_container() -> None:
    first, second = Counter.collect(), Counter.collect()
    assert message_info(first).arguments == {"items": [1], "names": {}, "where": (1, 2)}
    message_info(first).arguments["items"].append(2)  # type: ignore[attr-defined]
    assert message_info(second).arguments["items"] == [1]
    assert Counter().collect() == [1]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Counter.increment(1, 2), "Extra positional arguments"),  # type: ignore[call-arg]
        (lambda: Counter.increment(to=2), "Unexpected keyword argument 'to'"),  # type: ignore[call-arg]
        (lambda: Counter.everything(1, "b"), "Missing required argument 'd'"),  # type: ignore[call-arg]
        (Counter.everything, "Missing required argument 'a'"),
    ],
)
def test_wrong_arguments_are_type_errors(make: Callable[[], object], text: str) -> None:
    with pytest.raises(TypeError, match=text):
        make()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_messages_can_be_pickled(protocol: int) -> None:
    for message in (Counter.increment(5), Counter.reset(), Counter.everything(1, "b", 3, d=b"d")):
        loaded = pickle.loads(pickle.dumps(message, protocol))
        assert loaded == message
        assert type(loaded) is type(message)


def test_a_pickled_message_whose_handler_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pickle.dumps(Gone.handler())
    monkeypatch.setattr(Gone, "handler", lambda _: None)
    with pytest.raises(HandlerGone, match=r"no handler Gone\.handler"):
        pickle.loads(data)


def test_a_message_of_a_local_class_says_that_it_cannot_be_pickled() -> None:
    with pytest.raises((AttributeError, pickle.PicklingError), match="local object"):
        pickle.dumps(make_local().get("k"))  # type: ignore[attr-defined]


def test_messages_can_be_copied() -> None:
    message = Counter.collect([1, 2])
    deep = copy.deepcopy(message)
    assert deep == message == copy.copy(message)
    assert message_info(deep).arguments["items"] is not message_info(message).arguments["items"]


def test_message_info() -> None:
    assert message_info(Counter.increment(5)) == MessageInfo(
        server=Counter, handler="increment", kind="call", arguments={"by": 5}, version=3
    )
    assert message_info(Counter.reset()).kind == "cast"
    assert list(message_info(Counter.everything(1, "b", e=1.0, d=b"")).arguments) == list("abcde")


@pytest.mark.parametrize("value", [CallMessage(), 3, "text", Counter])
def test_message_info_of_something_else(value: object) -> None:
    with pytest.raises(NotAMessage, match=r"is no message: make it with a handler"):
        message_info(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("message", "tracked"),
    [
        (Counter.increment(5), False),
        (Counter.reset(), False),
        (Counter.scalars(None, "x", Colour.RED, "", Id(3), b""), False),
        (Counter.everything(1, "b", [], d=b""), True),
        (Counter.collect([]), True),
        (Counter.fail(ValueError()), True),
        (Counter.unknown([]), True),
        (Counter.bare([]), True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_messages_of_scalars_are_left_to_reference_counts(message: Message, *, tracked: bool) -> None:
    assert gc.is_tracked(message) is tracked
    assert type(message).__struct_config__.gc is tracked


class Marker(Exception):
    pass


def test_a_message_in_a_cycle_with_an_exception_is_freed() -> None:
    def run() -> ref[Marker]:
        error = Marker()
        message = Counter.fail(error)
        try:
            raise error
        except Marker as caught:
            caught.args = (message,)
            return ref(caught)

    freed = run()
    gc.collect()
    assert freed() is None


def test_a_message_and_a_bound_method_are_made_without_running_python() -> None:
    counter = Counter()
    calls: list[str] = []

    def profile(frame: object, event: str, argument: object) -> None:
        if event == "call":
            calls.append(frame.f_code.co_name)  # type: ignore[attr-defined]

    sys.setprofile(profile)
    try:
        Counter.increment(5)
        Counter.everything(1, "b", d=b"d")
        Counter.collect()
        method = counter.increment
    finally:
        sys.setprofile(None)
    assert calls == []
    assert method(2) == 2
