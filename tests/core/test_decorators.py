"""Handlers: what can be one, how they are overridden, and what runs for a message."""

import gc
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from functools import wraps
from types import SimpleNamespace
from typing import Generic, ParamSpec, TypeVar
from typing import cast as as_type
from weakref import ref

import pytest

from regrow.core.decorators import call, cast
from regrow.core.handler import Handler, Resolved, adopt_overrides
from regrow.core.messages import Message
from regrow.errors.calls import WrongServer
from regrow.errors.messages import BadHandler

T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")


class Server:
    """Stands for GenServer."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        adopt_overrides(cls, reserved=frozenset({"stop"}))


class Counter(Server):
    def __init__(self) -> None:
        self.n = 0

    @call(raises=(KeyError, ValueError), version=2, repeatable=True)
    def increment(self, by: int = 1) -> int:
        """Adds."""
        self.n += by
        return self.n

    @call(raises=LookupError, blocking=True)
    def load(self, path: str) -> str:
        return path

    @cast
    async def later(self, a: int, /, b: int = 2, *, c: int = 3) -> None:
        self.n = a * 100 + b * 10 + c

    def twice(self) -> int:
        return self.increment(1) + self.increment(by=1)


def handler_of(message: Message) -> Handler:
    return message.__handler__


def resolve(server: type, message: Message) -> Resolved:
    return handler_of(message).resolve(server)


def run(server: object, message: Message) -> object:
    return resolve(type(server), message).invoke(server, message)


def made(server: type, name: str, *args: object) -> Message:
    """A message of a handler that the type checkers don't see."""
    return as_type(Callable[..., Message], getattr(server, name))(*args)


def drive(coroutine: object) -> object:
    try:
        as_type(Coroutine[object, None, object], coroutine).send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waited")


def test_an_instance_has_plain_methods() -> None:
    counter = Counter()
    assert counter.increment(5) == 5
    assert counter.twice() == 13
    drive(counter.later(1, c=5))
    assert counter.n == 125


def test_the_handler_record() -> None:
    handler = handler_of(Counter.increment())
    assert (handler.server, handler.name, handler.kind) == (Counter, "increment", "call")
    assert (handler.raises, handler.version, handler.repeatable) == ((KeyError, ValueError), 2, True)
    assert (handler.is_async, handler.blocking, handler.fields) == (False, False, ("by",))
    assert handler_of(Counter.load("x")).raises == (LookupError,)
    assert handler_of(Counter.load("x")).blocking
    later = handler_of(Counter.later(1))
    assert (later.kind, later.is_async, later.positional, later.keywords) == (
        "cast", True, ("a", "b"), ("c",),
    )  # fmt: skip
    assert later.message is type(Counter.later(1))


def test_a_handler_describes_itself() -> None:
    assert Counter.increment.__doc__ == "Adds."
    assert Counter.increment.__name__ == "increment"
    assert Counter.increment.__qualname__ == "Counter.increment"
    assert list(inspect.signature(Counter.later).parameters) == ["a", "b", "c"]
    assert str(inspect.signature(Counter().increment)) == "(by: int = 1) -> int"


def test_a_handler_cannot_be_hidden_by_an_attribute() -> None:
    with pytest.raises(AttributeError):
        Counter().increment = print  # type: ignore[assignment]


def test_invoke_passes_the_fields() -> None:
    counter = Counter()
    assert run(counter, Counter.increment(5)) == 5
    drive(run(counter, Counter.later(7, 8, c=9)))
    assert counter.n == 789


def test_resolving_is_done_once_per_class() -> None:
    class Derived(Counter): ...

    message = Counter.increment()
    assert resolve(Counter, message) is resolve(Counter, Counter.increment(3))
    assert resolve(Derived, message) is resolve(Derived, message)
    assert resolve(Derived, message) is not resolve(Counter, message)
    assert resolve(Counter, message).raises == (KeyError, ValueError)


def test_a_message_for_another_class() -> None:
    class Other(Server): ...

    with pytest.raises(WrongServer, match="Other"):
        resolve(Other, Counter.increment())


# Overriding


class Decorated(Counter):
    @call(raises=OSError)
    def increment(self, by: int = 10, extra: int = 0) -> int:
        return super().increment(by) + 1000 + extra


class Plain(Counter):
    def increment(self, by: int = 10, extra: int = 0) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return super().increment(by) + 1000 + extra


class Grandchild(Plain):
    def increment(self, by: int = 20, extra: int = 0) -> int:
        return super().increment(by) + 5000


@pytest.mark.parametrize(
    ("server", "expected"), [(Decorated, (1005, 1010)), (Plain, (1005, 1010)), (Grandchild, (6005, 6020))]
)
def test_an_override_runs_for_both_messages(server: type[Counter], expected: tuple[int, int]) -> None:
    own = server.increment()
    assert run(server(), Counter.increment(5)) == expected[0]
    assert run(server(), own) == expected[1]
    assert server().increment() == expected[1]
    assert handler_of(own).server is server
    assert repr(own).startswith(f"{server.__name__}.increment(")
    with pytest.raises(WrongServer):
        resolve(Counter, own)


def test_an_undecorated_override_keeps_the_options() -> None:
    own = resolve(Plain, made(Plain, "increment"))
    assert own.raises == (KeyError, ValueError)
    assert own.handler.version == 2
    assert resolve(Plain, Counter.increment()).raises == (KeyError, ValueError)
    assert resolve(Decorated, Counter.increment()).raises == (OSError,)


def test_an_override_may_change_colour() -> None:
    class Async(Counter):
        async def increment(self, by: int = 1) -> int:  # type: ignore[override]
            return by

        async def load(self, path: str) -> str:  # type: ignore[override]
            return path

        def later(self, a: int, b: int = 2, *, c: int = 3) -> None: ...  # type: ignore[override]

    assert resolve(Async, Counter.increment()).is_async
    assert drive(run(Async(), Counter.increment(4))) == 4
    assert (resolve(Async, Counter.load("")).is_async, resolve(Async, Counter.load("")).blocking) == (
        True,
        False,
    )
    assert not resolve(Async, Counter.later(1)).is_async


def test_a_class_that_adopts_nothing_still_resolves_overrides() -> None:
    class Base:
        @call
        def get(self, key: str) -> str:
            return key

    class Derived(Base):
        def get(self, key: str) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
            return key.upper()

    assert run(Derived(), Base.get("a")) == "A"


def test_mixins_and_multiple_inheritance() -> None:
    class Ping:
        @call
        def ping(self) -> str:
            return "pong"

    class Louder:
        def ping(self) -> str:
            return str(super().ping()).upper()  # type: ignore[misc]

    class Both(Ping, Counter): ...

    class Loud(Louder, Ping, Counter): ...  # pyright: ignore[reportIncompatibleVariableOverride]

    assert run(Both(), Both.ping()) == run(Both(), Ping.ping()) == "pong"
    assert run(Both(), Counter.increment(2)) == run(Both(), Both.increment(2)) == 2
    assert run(Loud(), Ping.ping()) == "PONG"
    assert run(Loud(), made(Loud, "ping")) == "PONG"
    with pytest.raises(WrongServer):
        resolve(Counter, Ping.ping())


def test_a_handler_may_implement_an_abstract_method() -> None:
    class Store(ABC):
        @abstractmethod
        def get(self, key: str) -> str: ...

    class Memory(Server, Store):
        @call
        def get(self, key: str) -> str:  # pyright: ignore[reportIncompatibleMethodOverride]
            return key

    class Abstract(Server, ABC):
        @call
        @abstractmethod
        def get(self, key: str) -> str: ...

    class Concrete(Abstract):
        @call
        def get(self, key: str) -> str:
            return key

    assert run(Memory(), Memory.get("k")) == "k"
    assert inspect.isabstract(Abstract)
    assert run(Concrete(), Abstract.get("k")) == "k"


def test_generic_servers() -> None:
    class Stack(Server, Generic[T]):
        def __init__(self) -> None:
            self.items: list[T] = []

        @call
        def push(self, item: T) -> int:
            self.items.append(item)
            return len(self.items)

    class Ints(Stack[int]): ...

    assert run(Stack[str](), Stack[str].push("a")) == 1
    assert run(Ints(), Ints.push(3)) == run(Ints(), Stack[int].push(3)) == 1


# Ways to define one


def test_an_alias_is_a_handler_of_its_own() -> None:
    class Named(Server):
        @call
        def add(self, by: int) -> int:
            return by

        plus = add

    assert repr(Named.plus(3)) == "Named.plus(by=3)"
    assert run(Named(), Named.plus(3)) == run(Named(), Named.add(3)) == 3


def test_a_handler_taken_from_another_class_is_the_new_class_s_own() -> None:
    borrower = type("Borrower", (Server,), {"add": vars(Counter)["increment"], "n": 1})
    message = made(borrower, "add", 3)
    assert repr(message) == "Borrower.add(by=3)"
    assert run(borrower(), message) == 4
    assert handler_of(Counter.increment()).server is Counter


def test_a_class_made_twice() -> None:
    @dataclass(slots=True)
    class Point(Server):
        x: int

        @call
        def get(self, by: int = 1) -> int:
            return self.x * by

    assert run(Point(3), Point.get(2)) == 6
    assert handler_of(Point.get()).server is Point


def test_a_handler_put_on_a_class_later() -> None:
    class Late(Server): ...

    class Later(Late): ...

    def double(self: object, a: int) -> int:
        return 2 * a

    Late.double = call(double)  # type: ignore[attr-defined]
    Late.triple = call(lambda self, a: 3 * a)  # type: ignore[attr-defined, misc]
    made: dict[str, Callable[..., Message]] = {name: getattr(Later, name) for name in ("double", "triple")}
    assert run(Later(), made["double"](4)) == 8
    assert as_type(Callable[..., int], getattr(Later(), "triple"))(4) == 12  # noqa: B009
    assert repr(made["triple"](4)) == "Late.triple(a=4)"


def test_a_wrapped_function_keeps_its_signature() -> None:
    def logged(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def inner(*args: P.args, **kwargs: P.kwargs) -> R:
            return function(*args, **kwargs)

        return inner

    class Logged(Server):
        @call
        @logged
        def add(self, by: int, *, times: int = 1) -> int:
            return by * times

    assert run(Logged(), Logged.add(2, times=4)) == 8
    assert not gc.is_tracked(Logged.add(2))


def test_arguments_may_have_any_name() -> None:
    class Odd(Server):
        @call
        def odd(this, self: int, server: int, message: int, function: int, *, handler: int) -> object:  # noqa: N805
            return self, server, message, function, handler

        @call
        def private(self, __secret: int) -> int:  # noqa: PYI063
            return __secret

    assert run(Odd(), Odd.odd(1, server=2, message=3, function=4, handler=5)) == (1, 2, 3, 4, 5)
    assert run(Odd(), Odd.private(3)) == 3


def test_a_class_is_freed_with_its_handlers() -> None:
    def make() -> ref[type]:
        class Local(Counter):
            def increment(self, by: int = 1) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
                return super().increment(by)

        run(Local(), made(Local, "increment"))
        run(Local(), Counter.increment())
        return ref(Local)

    freed = make()
    gc.collect()
    assert freed() is None


# What can't be one


def first_parameter() -> None: ...


def keyword_self(*, self: object) -> None: ...


def variadic(self: object, a: int, *rest: int) -> None: ...


def keywords(self: object, **options: int) -> None: ...


def generator(self: object) -> Iterator[int]:
    yield 1


async def async_generator(self: object):  # type: ignore[no-untyped-def]
    yield 1


class Callables:
    @staticmethod
    def static() -> None: ...

    @classmethod
    def of_class(cls) -> None: ...

    @property
    def shown(self) -> int:
        return 1


BAD = [
    (first_parameter, "its first parameter isn't self", "Write self"),
    (keyword_self, "its first parameter isn't self", "Write self"),
    (variadic, r"it takes \*rest, which no message can hold", r"in the place of \*rest"),
    (keywords, r"it takes \*\*options", "Take one list or dict"),
    (generator, "it is a generator", "Return a list"),
    (async_generator, "it is a generator", "Return a list"),
    (vars(Callables)["static"], "it is a staticmethod", "Leave @staticmethod out"),
    (vars(Callables)["of_class"], "it is a classmethod", "Leave @classmethod out"),
    (vars(Callables)["shown"], "it is a property", "returns the value"),
    (Callables, "no function but of type type", "Write it with def"),
    (SimpleNamespace(), "no function but of type SimpleNamespace", "Write it with def"),
    (len, "no function but of type builtin_function_or_method", "Write it with def"),
    (3, "no function but of type int", "Write it with def"),
]


@pytest.mark.parametrize("decorator", [call, cast, call(), cast(blocking=False)])
@pytest.mark.parametrize(("value", "problem", "remedy"), BAD)
def test_what_cannot_be_a_handler(
    decorator: Callable[[object], object], value: object, problem: str, remedy: str
) -> None:
    with pytest.raises(BadHandler, match=f"{problem}.*A handler is a `def`.*{remedy}") as caught:
        decorator(value)
    assert caught.value.value is value


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"raises": 3}, "raises=3 isn't a subclass of Exception"),
        ({"raises": KeyError("a")}, "raises=KeyError"),
        ({"raises": (KeyError, int)}, "raises=.* isn't a subclass"),
        ({"raises": KeyboardInterrupt}, "raises=.* isn't a subclass"),
        ({"raises": [KeyError]}, "raises=.* isn't a subclass"),
        ({"blocking": 1}, "blocking=1 is neither True nor False"),
        ({"repeatable": "yes"}, "repeatable='yes' is neither"),
        ({"version": 0}, "version=0 is no whole number from 1"),
        ({"version": True}, "version=True is no whole number"),
        ({"version": "2"}, "version='2' is no whole number"),
    ],
)
def test_options_with_wrong_values(options: dict[str, object], problem: str) -> None:
    decorator = as_type(Callable[..., Callable[[object], object]], call)
    with pytest.raises(BadHandler, match=problem):
        decorator(**options)(Counter.twice)


def test_the_error_names_the_server_and_the_handler() -> None:
    with pytest.raises(BadHandler) as caught:

        class Bad(Server):
            @call(version=-1)
            def get(self) -> None: ...

    assert (caught.value.server, caught.value.handler) == ("Bad", "get")
    assert str(caught.value).startswith("Bad.get = <function ")


def test_a_blocking_coroutine_and_a_magic_method() -> None:
    with pytest.raises(BadHandler, match="blocking=True is for what waits without `await`"):

        class Blocking:
            @call(blocking=True)
            async def get(self) -> None: ...

    with pytest.raises(BadHandler, match="Python itself calls"):

        class Magic:
            @call
            def __len__(self) -> int:
                return 1


def test_a_reserved_name() -> None:
    with pytest.raises(BadHandler, match=r"Bad\.stop = .* the runtime's own"):

        class Bad(Server):
            @call
            def stop(self) -> None: ...


def not_accepting() -> Iterator[tuple[Callable[..., object], str]]:
    def none(self: object) -> None: ...
    def needs(self: object, a: int, b: int, more: int, *, c: int) -> None: ...
    def renamed(self: object, a: int, b: int = 1, *, d: int = 1) -> None: ...
    def needs_keyword(self: object, a: int, b: int = 1, *, c: int, d: int) -> None: ...
    def variadic(self: object, *args: int, **kwargs: int) -> None: ...

    yield none, "takes 0 arguments by position, and the handler it overrides 2"
    yield needs, "needs more, which the handler it overrides doesn't take"
    yield renamed, "doesn't take c=, which"
    yield needs_keyword, "needs d, which"
    yield variadic, r"it takes \*args"


@pytest.mark.parametrize(("function", "problem"), list(not_accepting()))
@pytest.mark.parametrize("decorator", [cast, lambda function: function])
def test_an_override_has_to_take_what_the_base_takes(
    function: Callable[..., object], problem: str, decorator: Callable[[object], object]
) -> None:
    with pytest.raises(BadHandler, match=problem):
        type("Derived", (Counter,), {"later": decorator(function)})


@pytest.mark.parametrize("value", [None, 3, staticmethod(print), property(lambda self: 3), Counter])
def test_an_override_has_to_be_a_function(value: object) -> None:
    with pytest.raises(BadHandler, match=r"Derived\.increment = "):
        type("Derived", (Counter,), {"increment": value})


def test_an_override_has_to_be_of_the_same_kind() -> None:
    with pytest.raises(BadHandler, match=r"it is a cast and Counter\.increment is a call"):

        class Derived(Counter):
            @cast
            def increment(self, by: int = 1) -> None: ...  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]


def test_two_bases_that_do_not_go_together() -> None:
    class Other(Server):
        @cast
        def increment(self, by: int = 1) -> None: ...

    class Narrow(Server):
        @call
        def increment(self) -> int:
            return 1

    for other in (Other, Narrow):
        with pytest.raises(BadHandler, match=f"{other.__name__}.increment"):
            type("Both", (other, Counter), {})
