"""What a System can't be made or run with: refused before anything starts, by name."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest

import regrow as rg
from regrow.testing import VirtualLoop

FLAG = "True or False"
OPTIONS: dict[str, tuple[tuple[object, ...], str]] = {
    "name": (("", None, 5), "a string that isn't empty"),
    "services": ((5, None), "a list of services"),
    "settings": ((1, {"kill_grace": 1.0}, rg.Settings), "made with rg.Settings(...), or None"),
    "ports": ((4, {}, rg.Ports), "made with rg.Ports(...), or None"),
    "timeouts": (({"quick": 0.5}, 1.0), "made with rg.TimeoutTable({...}), or None"),
    "debug": ((1, None, "yes"), FLAG),
    "strict": ((0, None), FLAG),
    "hand_off": ((3, None), FLAG),
    "indexes": (
        ("name", ["role"], ("role", 5), ("role", ""), None),
        'a tuple of metadata fields, like ("role",)',
    ),
    "redact": ((4, "password"), "a function of the value to be shown, or None"),
}
MAIN = "an async def function that takes the System, itself and not what a call of it gives; or None"


@pytest.mark.parametrize(
    ("option", "value"), [(option, value) for option, (values, _) in OPTIONS.items() for value in values]
)
def test_an_option_that_cannot_be_used(option: str, value: object) -> None:
    allowed = OPTIONS[option][1]
    with pytest.raises(rg.errors.BadSetting) as raised:
        rg.System(**{option: value})  # type: ignore[arg-type]
    assert str(raised.value) == f"System({option}={value!r}) can't be used: {option} has to be {allowed}"
    assert (raised.value.option, raised.value.value) == (option, value)


CHILDREN: dict[str, tuple[Callable[[], rg.System], type[Exception], str]] = {
    "children": (lambda: rg.System(5), rg.errors.NotAChildSpec, "5 is no child spec"),  # type: ignore[arg-type]
    "one child": (
        lambda: rg.System(rg.child(rg.GenServer, id="alone")),  # type: ignore[arg-type]
        rg.errors.NotAChildSpec,
        "is no child spec",
    ),
    "a class": (lambda: rg.System([rg.GenServer]), rg.errors.NotAChildSpec, "child\\(GenServer\\)"),  # type: ignore[list-item]
    "strategy": (
        lambda: rg.System(strategy="all"),  # type: ignore[arg-type]
        rg.errors.BadStrategy,
        "'all'",
    ),
    "max_restarts": (lambda: rg.System(max_restarts=-1), rg.errors.BadIntensity, "max_restarts=-1"),
    "max_seconds": (lambda: rg.System(max_seconds=0), rg.errors.BadIntensity, "max_seconds=0"),
    "a service": (
        lambda: rg.System(services=[5]),  # type: ignore[list-item]
        rg.errors.BadService,
        "5 can't be used",
    ),
}


@pytest.mark.parametrize("case", list(CHILDREN))
def test_children_services_and_budget_have_errors_of_their_own(case: str) -> None:
    make, kind, text = CHILDREN[case]
    with pytest.raises(kind, match=text):
        make()


def test_the_arguments_that_can_be_used() -> None:
    system = rg.System(
        name="all",
        services=(),
        settings=rg.Settings(),
        ports=rg.Ports(),
        timeouts=rg.TimeoutTable({"quick": 0.5}),
        debug=True,
        strict=True,
        hand_off=False,
        indexes=("role", "zone"),
        redact=repr,
    )
    assert (system.name, system.state) == ("all", "not started")


# -- run ---------------------------------------------------------------------------------------


def test_a_main_that_cannot_be_called() -> None:
    system = rg.System()
    with pytest.raises(rg.errors.BadSetting) as raised:
        system.run(5)  # type: ignore[call-overload]
    assert str(raised.value) == f"System.run(main=5) can't be used: main has to be {MAIN}"
    assert system.state == "not started"


def test_a_main_that_was_called_is_closed() -> None:
    async def main(_: rg.System) -> None: ...

    system = rg.System()
    coroutine = main(system)
    with pytest.raises(rg.errors.BadSetting, match="itself and not what a call of it gives"):
        system.run(coroutine)  # type: ignore[call-overload]
    with pytest.raises(RuntimeError, match="cannot reuse already awaited coroutine"):
        coroutine.send(None)


def test_a_main_that_is_no_async_def() -> None:
    def main(system: rg.System) -> str:
        return system.state

    system = rg.System()
    with pytest.raises(rg.errors.BadSetting, match=r"System\.run\(main=<function .* an async def function"):
        system.run(main, loop_factory=VirtualLoop)  # type: ignore[arg-type]
    assert system.state == "stopped"


def test_a_loop_factory_that_cannot_be_called() -> None:
    system = rg.System()
    with closing(VirtualLoop()) as loop, pytest.raises(rg.errors.BadSetting) as raised:
        system.run(loop_factory=loop)  # type: ignore[call-overload]
    assert raised.value.option == "loop_factory"
    assert str(raised.value).endswith("loop_factory has to be a function that makes an event loop, or None")
    assert system.state == "not started"
