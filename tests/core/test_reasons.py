"""Exit reasons: identity, what is normal, and what is kept of an exception."""

import copy
import gc
import pickle
import sys
import traceback
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrow.core.crash import MAX_CHAIN, MAX_FRAMES, MAX_GROUP, MAX_NODES
from regrow.core.reasons import (
    KILLED,
    NOPROC,
    NORMAL,
    SHUTDOWN,
    Crash,
    Reason,
    Shutdown,
    format_reason,
    is_normal,
    is_silent,
)

SINGLETONS = (NORMAL, SHUTDOWN, KILLED, NOPROC)


class Local:
    """Something that a frame holds."""


class Referable(Exception):
    """An exception that can be referred to weakly: those written in C can't."""


class Unprintable(Exception):
    def __str__(self) -> str:
        raise SystemExit(3)

    def __repr__(self) -> str:
        raise ValueError("no")


def caught(function: object, *args: object) -> BaseException:
    try:
        function(*args)  # type: ignore[operator]
    except BaseException as error:  # noqa: BLE001
        return error
    raise AssertionError("nothing was raised")


def dive(depth: int) -> None:
    if depth:
        dive(depth - 1)
    raise ValueError("at the bottom")


@pytest.mark.parametrize("reason", SINGLETONS, ids=repr)
def test_singletons_stay_the_same_object(reason: Reason) -> None:
    assert copy.copy(reason) is reason
    assert copy.deepcopy({"reason": [reason]})["reason"][0] is reason
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(reason, protocol)) is reason


def test_singletons_say_their_names() -> None:
    assert [repr(reason) for reason in SINGLETONS] == ["NORMAL", "SHUTDOWN", "KILLED", "NOPROC"]
    assert len(set(SINGLETONS)) == 4


@pytest.mark.parametrize("name", ["NORMAL", "KILLED", "OTHER"])
def test_there_is_no_other_reason(name: str) -> None:
    with pytest.raises(TypeError, match="any object can be an exit reason"):
        Reason(name)


def test_reason_is_final() -> None:
    with pytest.raises(TypeError, match="any object can be an exit reason"):
        type("Mine", (Reason,), {})


def test_shutdown_is_a_value() -> None:
    assert Shutdown("deploy") == Shutdown("deploy") != Shutdown("else")
    assert hash(Shutdown(1)) == hash(Shutdown(1))
    assert repr(Shutdown({"why": 1})) == "Shutdown({'why': 1})"
    assert pickle.loads(pickle.dumps(Shutdown("x"))) == Shutdown("x")
    with pytest.raises(AttributeError):
        Shutdown("x").detail = "y"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("reason", "normal", "silent"),
    [
        (NORMAL, True, True),
        (SHUTDOWN, True, True),
        (Shutdown("x"), True, True),
        (KILLED, False, True),
        (NOPROC, False, False),
        (Crash.of(ValueError()), False, False),
        ("boom", False, False),
        (None, False, False),
        ("normal", False, False),
    ],
)
def test_what_is_normal_and_what_is_silent(reason: object, *, normal: bool, silent: bool) -> None:
    assert is_normal(reason) is normal
    assert is_silent(reason) is silent


def test_a_crash_shows_what_python_would_have_shown() -> None:
    error = caught(dive, 4)
    assert Crash.of(error).format() == "".join(traceback.format_exception(error))


def test_a_crash_shows_causes_contexts_notes_and_groups() -> None:
    def raise_all() -> None:
        try:
            try:
                dive(1)
            except ValueError as first:
                raise KeyError("second") from first
        except KeyError as second:
            try:
                dive(0)
            except ValueError as third:
                third.add_note("a note\nof two lines")
                raise ExceptionGroup("several", [third, ExceptionGroup("inner", [second])])  # noqa: B904

    error = caught(raise_all)
    assert Crash.of(error).format() == "".join(traceback.format_exception(error))


def test_a_suppressed_context_is_left_out() -> None:
    def raise_from_none() -> None:
        try:
            dive(0)
        except ValueError:
            raise KeyError("x") from None

    error = caught(raise_from_none)
    crash = Crash.of(error)
    assert crash.context is None
    assert crash.format() == "".join(traceback.format_exception(error))


def test_a_syntax_error_keeps_where_it_is() -> None:
    error = caught(compile, "x = = 1", "typed.py", "exec")
    assert Crash.of(error).format() == "".join(traceback.format_exception(error))
    assert 'File "typed.py", line 1' in Crash.of(error).format()


def test_a_crash_survives_pickling() -> None:
    crash = Crash.of(caught(dive, 2))
    again = pickle.loads(pickle.dumps(crash))
    assert again.format() == crash.format()
    assert (again.exception_type, again.message) == (ValueError, "at the bottom")


def test_nothing_of_the_exception_stays_alive() -> None:
    def hold() -> None:
        local = Local()
        alive.append(weakref.ref(local))
        try:
            raise ValueError(local)
        except ValueError as error:
            raise Referable(local) from error

    alive: list[weakref.ref[object]] = []
    error = caught(hold)
    alive.append(weakref.ref(error))
    crash = Crash.of(error)
    del error
    gc.collect()
    assert [ref() for ref in alive] == [None, None]
    assert crash.cause is not None
    assert crash.cause.type_name == "ValueError"


def test_a_deep_traceback_keeps_both_ends() -> None:
    error = caught(dive, 400)
    crash = Crash.of(error)
    assert len(crash.frames) == MAX_FRAMES
    shown = crash.traceback.stack
    assert f"<{crash.frames_left_out} frames left out>" in [frame.filename for frame in shown]
    assert crash.frames_left_out == len(traceback.extract_tb(error.__traceback__)) - MAX_FRAMES
    assert shown[0].name == "caught"
    assert shown[-1].line == 'raise ValueError("at the bottom")'


def test_runaway_recursion_is_a_small_crash() -> None:
    def forever() -> None:
        forever()

    crash = Crash.of(caught(forever))
    assert crash.type_name == "RecursionError"
    assert len(crash.frames) == MAX_FRAMES


def test_chains_groups_and_cycles_are_bounded() -> None:
    first, second = ValueError("first"), KeyError("second")
    first.__cause__, second.__cause__ = second, first
    crash = Crash.of(first)
    assert crash.cause is not None
    assert crash.cause.cause is None

    head = error = ValueError(0)
    for number in range(1, 50):
        error.__context__ = ValueError(number)
        error = error.__context__
    depth, link = 0, Crash.of(head).context
    while link is not None:
        depth, link = depth + 1, link.context
    assert depth == MAX_CHAIN

    wide = Crash.of(ExceptionGroup("wide", [ValueError(n) for n in range(40)]))
    assert wide.exceptions is not None
    assert len(wide.exceptions) == MAX_GROUP

    def nest(depth: int) -> Exception:
        if not depth:
            return ValueError()
        return ExceptionGroup("nested", [nest(depth - 1) for _ in range(6)])

    def count(crash: Crash) -> int:
        return 1 + sum(count(part) for part in crash.exceptions or ())

    assert count(Crash.of(nest(4))) == MAX_NODES


def test_an_exception_that_cannot_be_printed() -> None:
    crash = Crash.of(Unprintable())
    assert crash.message == "<Unprintable whose __str__ raised SystemExit>"
    assert format_reason(Unprintable()) == "<Unprintable whose __repr__ raised ValueError>"


def test_an_interrupt_while_printing_is_not_swallowed() -> None:
    class Interrupting(Exception):
        def __str__(self) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Crash.of(Interrupting())


@pytest.mark.parametrize("error", [SystemExit(2), GeneratorExit(), KeyboardInterrupt(), StopIteration(1)])
def test_any_exception_can_be_a_crash(error: BaseException) -> None:
    crash = Crash.of(error)
    assert crash.exception_type is type(error)
    assert crash.format() == "".join(traceback.format_exception(error))


def test_notes_that_are_no_notes() -> None:
    error = ValueError("x")
    error.__dict__["__notes__"] = 5
    assert Crash.of(error).notes == ()
    error.__dict__["__notes__"] = ["yes", 7]
    assert Crash.of(error).notes == ("yes",)


def test_crashes_are_equal_only_to_themselves() -> None:
    crash = Crash.of(ValueError("x"))
    assert crash == crash  # noqa: PLR0124
    assert crash != Crash.of(ValueError("x"))
    assert len({crash, crash}) == 1


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (NORMAL, "normal"),
        (NOPROC, "no such process"),
        (Shutdown("deploy"), "shutdown: 'deploy'"),
        (Crash.of(ValueError("bad\n  input")), "ValueError: bad input"),
        (Crash.of(KeyError()), "KeyError"),
        (Crash.of(pickle.PicklingError("x")), "_pickle.PicklingError: x"),
        (("badarg", 3), "('badarg', 3)"),
        ("x" * 400, "'" + "x" * 296 + "..."),
    ],
)
def test_a_reason_on_one_line(reason: object, text: str) -> None:
    assert format_reason(reason) == text


@given(st.recursive(st.none() | st.text() | st.integers(), st.lists))
def test_every_reason_has_one_bounded_line(reason: object) -> None:
    for value in (reason, Shutdown(reason), Crash.of(ValueError(reason))):
        line = format_reason(value)
        assert len(line) <= 300
        assert len(line.splitlines()) <= 1


def test_a_crash_is_made_without_touching_the_source() -> None:
    """Reading source lines is what makes a traceback dear; it has to wait until one is shown."""
    import linecache

    error = caught(dive, 3)
    linecache.clearcache()
    crash = Crash.of(error)
    assert crash.traceback.stack
    assert linecache.cache == {}
    assert sys.getrefcount(error) == 2
