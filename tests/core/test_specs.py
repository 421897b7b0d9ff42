"""Child specs: what is filled in, and how each wrong option is told."""

import asyncio
import functools
import gc
import inspect
import weakref
from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrow import errors
from regrow.core.backoff import Backoff
from regrow.core.options import RESTARTS, check_kind, check_metadata, check_shutdown, is_seconds
from regrow.core.specs import (
    ChildSpec,
    SupervisorFlags,
    SupervisorSpec,
    check_child_spec,
    check_children,
    check_supervisor,
    child,
)

T = TypeVar("T")
E = TypeVar("E", bound=errors.BadChildSpec)


class Server:
    """As much of a GenServer as a spec looks at."""

    def init(self, start: int = 0, *, step: int = 1) -> None: ...
    def handle_info(self, message: object) -> None: ...
    def terminate(self, reason: object) -> None: ...


class Needy(Server):
    def init(self, path: str) -> None: ...  # type: ignore[override]


class Boxes(Server, Generic[T]):
    pass


class Boss(Server):
    __child_kind__: ClassVar[str] = "supervisor"


async def work(item: int, *, times: int = 1) -> None: ...


class Runner:
    __slots__ = ()  # no weak references to it
    __hash__ = None  # type: ignore[assignment]

    async def __call__(self, item: int) -> None: ...


def test_defaults() -> None:
    spec = child(Server)
    assert spec == ChildSpec(id="Server", target=Server)
    assert (spec.args, spec.kwargs, spec.name, spec.restart) == ((), None, None, "permanent")
    assert (spec.shutdown, spec.significant, spec.start_timeout) == (None, False, None)
    assert (spec.metadata, spec.kind) == (None, "worker")


def test_id_is_the_name_or_else_the_targets_own() -> None:
    assert child(Server, name="counter").id == "counter"
    assert child(Server, name="counter", id="mine").id == "mine"
    assert child(work, args=(1,)).id == "work"
    assert child(functools.partial(functools.partial(work, 1), times=2)).id == "work"
    assert child(Runner(), args=(1,)).id == "Runner"


def test_options_are_kept() -> None:
    spec = child(
        Server,
        args=(3,),
        kwargs={"step": 2},
        restart="transient",
        shutdown="brutal_kill",
        significant=True,
        start_timeout=2,
        metadata={"zone": "a"},
    )
    assert (spec.args, spec.kwargs, spec.restart) == ((3,), {"step": 2}, "transient")
    assert (spec.shutdown, spec.significant, spec.start_timeout) == ("brutal_kill", True, 2)
    assert spec.metadata == {"zone": "a"}


def test_a_spec_does_not_change_with_the_callers_dict() -> None:
    given = {"step": 2}
    spec = child(Server, kwargs=given)
    given["step"] = 99
    assert spec.kwargs == {"step": 2}
    with pytest.raises(AttributeError):
        spec.restart = "temporary"  # type: ignore[misc]


def test_a_parametrised_class_is_started_as_itself() -> None:
    assert child(Boxes[int]).target is Boxes
    assert child(Boxes[int]).id == "Boxes"


def test_a_behaviours_class_says_its_kind() -> None:
    assert child(Boss).kind == "supervisor"
    assert child(work, args=(1,)).kind == "worker"


def test_all_kinds_of_async_callables_can_be_children() -> None:
    bound = Runner()
    for target in (work, functools.partial(work), bound, bound.__call__):
        check_child_spec(child(target, args=(1,)))


def test_a_decorated_function_is_taken_for_what_it_takes() -> None:
    def adding(function: Callable[..., object]) -> Callable[..., object]:
        @functools.wraps(function)
        async def wrapper(*args: object) -> None:
            await function(1, *args)  # type: ignore[misc]

        return wrapper

    assert child(adding(work)).args == ()


async def no_function() -> None: ...


def refused(kind: type[E], *args: object, **options: object) -> E:
    with pytest.raises(errors.BadChildSpec) as caught:
        child(*args, **options)  # type: ignore[arg-type]
    assert type(caught.value) is kind
    return caught.value


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        (len, "Write it as async def"),
        (lambda: None, "Write it as async def"),
        (Server(), "Pass the class, not an instance of it"),
        (int, "This class isn't derived from GenServer"),
        (None, "Pass the class or the function itself"),
        ("Server", "Pass the class or the function itself"),
    ],
)
def test_bad_target(target: object, hint: str) -> None:
    error = refused(errors.BadTarget, target, id="x")
    assert str(error).startswith("child 'x': target=")
    assert "subclass of GenServer or an async def function" in str(error)
    assert str(error).endswith(hint)
    assert error.value is target


def test_a_coroutine_is_no_target_and_is_closed() -> None:
    started = work(1)
    error = refused(errors.BadTarget, started)
    assert "called already: pass the function itself, and its arguments as args=" in str(error)
    assert inspect.getcoroutinestate(started) == inspect.CORO_CLOSED


def test_an_async_generator_is_no_target() -> None:
    async def ticks():  # type: ignore[no-untyped-def]
        yield 1

    assert "nobody to take what it yields" in str(refused(errors.BadTarget, ticks))


@pytest.mark.parametrize(
    ("target", "args", "kwargs", "problem", "signature"),
    [
        (Needy, (), None, "missing a required argument: 'path'", "Needy.init(self, path: str) -> None"),
        (Server, (1, 2), None, "too many positional arguments", "Server.init("),
        (Server, (), {"stop": 1}, "got an unexpected keyword argument 'stop'", "Server.init("),
        (Server, (1,), {"start": 1}, "multiple values for argument 'start'", "Server.init("),
        (work, (), None, "missing a required argument: 'item'", "work(item: int"),
        (Runner(), (), None, "missing a required argument: 'item'", "Runner("),
        (functools.partial(work, 1), (2,), None, "too many positional arguments", "work(*, times: int"),
    ],
)
def test_arguments_that_do_not_fit(
    target: object, args: object, kwargs: object, problem: str, signature: str
) -> None:
    error = refused(errors.BadArguments, target, args=args, kwargs=kwargs)
    assert problem in error.problem
    assert error.signature.startswith(signature)
    assert error.problem in str(error)
    assert "Change args= and kwargs= of the spec, or the signature" in str(error)


@pytest.mark.parametrize("args", [10, [10], "ab", None])
def test_args_has_to_be_a_tuple(args: object) -> None:
    assert "args has to be a tuple, as (10,)" in str(refused(errors.BadArguments, Server, args=args))


@pytest.mark.parametrize("kwargs", [{1: 2}, [("step", 1)], "step", 5])
def test_kwargs_has_to_be_a_mapping_with_names(kwargs: object) -> None:
    error = refused(errors.BadArguments, Server, kwargs=kwargs)
    assert 'kwargs has to be a mapping with string keys, as {"step": 2}' in str(error)


def test_a_bad_call_is_found_again_after_a_good_one() -> None:
    child(Needy, args=("a",))
    refused(errors.BadArguments, Needy)
    child(Needy, args=("a",))
    refused(errors.BadArguments, Needy, args=("a", "b"))


@pytest.mark.parametrize("value", ["always", "Permanent", "", None, True, 3, ["permanent"]])
def test_bad_restart(value: object) -> None:
    error = refused(errors.BadRestart, Server, restart=value)
    assert f"restart={value!r} is no restart type: use 'permanent'" in str(error)
    assert all(f"'{known}'" in str(error) for known in RESTARTS)


@pytest.mark.parametrize("value", [-1, float("inf"), float("nan"), 86_401, True, False, "kill", "5", [5]])
def test_bad_shutdown(value: object) -> None:
    error = refused(errors.BadShutdown, Server, shutdown=value)
    assert f"shutdown={value!r} can't be used" in str(error)
    assert "'brutal_kill'" in str(error)


@pytest.mark.parametrize("value", [0, 0.0, 5, 0.25, 86_400, "brutal_kill", None])
def test_good_shutdown(value: object) -> None:
    check_shutdown(value)


@pytest.mark.parametrize("value", [0, -1.0, float("inf"), float("nan"), 86_401, True, "5"])
def test_bad_start_timeout(value: object) -> None:
    error = refused(errors.BadStartTimeout, Server, start_timeout=value)
    assert f"start_timeout={value!r} can't be used" in str(error)


@pytest.mark.parametrize("value", ["", 5, b"x", ("a",)])
def test_bad_id_and_name(value: object) -> None:
    assert f"id={value!r} is no child id" in str(refused(errors.BadChildId, Server, id=value))
    error = refused(errors.BadChildName, Server, id="x", name=value)
    assert f"name={value!r} is no process name" in str(error)
    assert error.child == "x"


def test_bad_significant() -> None:
    error = refused(errors.BadSignificant, Server, significant=True)
    assert "a permanent child never ends for good" in str(error)
    assert "True or False" in str(refused(errors.BadSignificant, Server, significant=1, restart="temporary"))


@pytest.mark.parametrize("value", [5, "x", [("a", 1)], {1: 2}])
def test_bad_metadata(value: object) -> None:
    assert f"metadata={value!r} can't be used" in str(refused(errors.BadMetadata, Server, metadata=value))
    check_metadata({})


def test_bad_kind() -> None:
    with pytest.raises(errors.BadKind, match="use 'worker' or 'supervisor'"):
        check_child_spec(ChildSpec(id="x", target=Server, kind="boss"))  # type: ignore[arg-type]
    with pytest.raises(errors.BadKind):
        check_kind(None)


@pytest.mark.parametrize("value", [None, "x", (Server,), {"id": "x"}])
def test_what_is_no_spec(value: object) -> None:
    with pytest.raises(errors.NotAChildSpec, match=r"is no child spec: make each with child\(\)"):
        check_child_spec(value)


def test_a_class_in_place_of_a_spec_gets_its_own_hint() -> None:
    with pytest.raises(errors.NotAChildSpec, match=r"write child\(Server\)"):
        SupervisorSpec.of([Server])  # type: ignore[list-item]
    with pytest.raises(errors.NotAChildSpec):
        SupervisorSpec.of(5)  # type: ignore[arg-type]


def test_children_are_checked_without_starting_anything() -> None:
    check_children([child(Server, id="a"), child(work, args=(1,))])
    with pytest.raises(errors.DuplicateChild, match=r"id 'a' is there twice \(children 0, 2 of") as caught:
        check_children([child(Server, id="a"), child(Server, id="b"), child(Server, id="a")])
    assert caught.value.positions == (0, 2)
    with pytest.raises(errors.BadRestart, match="child 'z': restart='no'"):
        check_children([ChildSpec(id="z", target=Server, restart="no")])  # type: ignore[arg-type]


def test_supervisor_defaults() -> None:
    spec = SupervisorSpec.of([])
    assert spec == SupervisorSpec() == SupervisorSpec((), SupervisorFlags())
    flags = spec.flags
    assert (flags.strategy, flags.max_restarts, flags.max_seconds) == ("one_for_one", 3, 5.0)
    assert (flags.auto_shutdown, flags.backoff) == ("never", None)


@pytest.mark.parametrize(
    ("kind", "options", "text"),
    [
        (
            errors.BadStrategy,
            {"strategy": "all_for_one"},
            "use 'one_for_one', 'one_for_all' or 'rest_for_one'",
        ),
        (errors.BadStrategy, {"strategy": "simple_one_for_one"}, "use DynamicSupervisor"),
        (errors.BadIntensity, {"max_restarts": -1}, "max_restarts=-1 is no restart budget"),
        (errors.BadIntensity, {"max_seconds": float("inf")}, "max_seconds=inf is no restart budget"),
        (errors.BadIntensity, {"max_seconds": 0}, "max_seconds=0 is no restart budget"),
        (errors.BadAutoShutdown, {"auto_shutdown": True}, "'any_significant'"),
        (errors.BadBackoff, {"backoff": 0.5}, "None or a Backoff"),
    ],
)
def test_bad_supervisor_options(kind: type[Exception], options: dict[str, object], text: str) -> None:
    with pytest.raises(errors.BadChildSpec) as caught:
        SupervisorSpec.of([], **options)  # type: ignore[arg-type]
    assert type(caught.value) is kind
    assert text in str(caught.value)


def test_a_significant_child_needs_a_supervisor_that_heeds_it() -> None:
    children = [child(Server, restart="transient", significant=True)]
    with pytest.raises(errors.BadSignificant, match="auto_shutdown='any_significant'"):
        SupervisorSpec.of(children)
    for auto_shutdown in ("any_significant", "all_significant"):
        spec = SupervisorSpec.of(children, auto_shutdown=auto_shutdown)
        assert spec.flags.auto_shutdown == auto_shutdown
    check_children(children)


def test_check_supervisor_checks_the_rest() -> None:
    check_supervisor(SupervisorSpec.of([child(Server)], backoff=Backoff()))
    with pytest.raises(errors.NotAChildSpec):
        check_supervisor([child(Server)])  # type: ignore[arg-type]
    with pytest.raises(errors.BadStrategy):
        check_supervisor(SupervisorSpec((), SupervisorFlags(strategy="x")))  # type: ignore[arg-type]


def test_what_is_remembered_of_targets_keeps_none_of_them() -> None:
    def make() -> weakref.ref[object]:
        async def passing() -> None: ...

        child(passing)
        return weakref.ref(passing)

    ref = make()
    gc.collect()
    assert ref() is None


def test_signatures_are_read_once_per_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fresh(a: int, b: int = 0, *, c: int = 0) -> None: ...

    read: list[Callable[..., object]] = []
    signature = inspect.signature

    def counted(target: Callable[..., object], *, follow_wrapped: bool) -> inspect.Signature:
        read.append(target)
        return signature(target, follow_wrapped=follow_wrapped)

    monkeypatch.setattr(inspect, "signature", counted)
    for _ in range(3):
        child(fresh, args=(1,))
        child(fresh, args=(1, 2))
        child(fresh, args=(1,), kwargs={"c": 1})
    assert len(read) == 3


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers())))
def test_no_value_gets_past_the_checks_or_through_them(value: object) -> None:
    """Each option takes a value or refuses it with its own error, never with another one."""
    for option in ("id", "name", "args", "kwargs", "restart", "shutdown", "start_timeout", "metadata"):
        try:
            spec = child(Server, **{option: value})  # type: ignore[arg-type]
        except errors.BadChildSpec:
            continue
        check_child_spec(spec)
    if is_seconds(value):
        assert asyncio.Timeout(value).when() == value  # type: ignore[arg-type]
