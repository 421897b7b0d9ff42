"""The contamination guard: one planted change of each kind, named, failed for, and put back."""

import asyncio
import builtins
import gc
import importlib
import json
import locale
import logging
import os
import random
import signal
import sys
import threading
import types
import unittest.mock
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.testing import run_virtual


def the_change(act: Callable[[], object], package: str | tuple[str, ...] = ()) -> tuple[str, str, str, str]:
    """The one change of a block that calls `act`; a second look, after it was put back, finds none."""
    outer, guard = rt.contamination_guard(package), rt.contamination_guard(package)
    with outer, pytest.raises(rg.errors.Contaminated) as caught, guard:
        act()
    assert outer.changes == ()
    (change,) = guard.changes
    assert caught.value.changes == guard.changes
    assert str(caught.value).splitlines()[1:] == [f"  {change}"]
    assert change.problem == ""
    assert str(change) == f"{change.kind}: {change.name} was {change.before}, is {change.after}"
    return change.kind, change.name, change.before, change.after


# -- the operating system's and the interpreter's ----------------------------------------------


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_MODE", "live")
    monkeypatch.delenv("APP_NEW", raising=False)
    assert the_change(lambda: os.environ.update(APP_MODE="test")) == ("env", "APP_MODE", "'live'", "'test'")
    assert the_change(lambda: os.environ.pop("APP_MODE")) == ("env", "APP_MODE", "'live'", "nothing")
    assert the_change(lambda: os.environ.update(APP_NEW="1")) == ("env", "APP_NEW", "nothing", "'1'")
    assert os.environ["APP_MODE"] == "live"


def test_a_secret_of_the_environment_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_TOKEN", "hunter2")
    change = the_change(lambda: os.environ.update(API_TOKEN="hunter3"))
    assert change == ("env", "API_TOKEN", "a secret", "another")
    assert the_change(lambda: os.environ.pop("API_TOKEN")) == ("env", "API_TOKEN", "a secret", "nothing")


def test_the_working_directory(tmp_path: Path) -> None:
    here = str(Path.cwd())
    assert the_change(lambda: os.chdir(tmp_path))[1:] == (
        "the working directory",
        repr(here),
        repr(str(tmp_path)),
    )
    assert str(Path.cwd()) == here


def test_a_working_directory_that_the_test_has_removed(tmp_path: Path) -> None:
    def act() -> None:
        gone = tmp_path / "gone"
        gone.mkdir()
        os.chdir(gone)
        gone.rmdir()

    assert the_change(act)[3] == "'a directory that is gone'"


def test_where_modules_are_found() -> None:
    change = the_change(lambda: sys.path.append("/somewhere"))
    assert change[:2] == ("path", "sys.path")
    assert "/somewhere" in "".join(change[2:])
    assert "/somewhere" not in sys.path


def test_modules_that_are_taken_away_replaced_or_planted() -> None:
    real = json
    assert the_change(lambda: sys.modules.pop("json"))[:2] == ("modules", "json")
    assert the_change(lambda: sys.modules.update(json=types.ModuleType("json")))[1] == "json"
    modules: dict[str, object] = vars(sys)["modules"]
    for planted in (types.ModuleType("fake"), unittest.mock.MagicMock(), None):
        change = the_change(partial(modules.update, fake=planted))
        assert change[1:3] == ("fake", "nothing")
    assert sys.modules["json"] is real
    assert "fake" not in sys.modules


def test_an_import_is_fine() -> None:
    sys.modules.pop("colorsys", None)
    with rt.contamination_guard("colorsys") as guard:
        importlib.import_module("colorsys")
    assert guard.changes == ()
    assert "colorsys" in sys.modules


@pytest.mark.parametrize(
    ("act", "name"),
    [
        (lambda: setattr(sys, "excepthook", print), "sys.excepthook"),
        (lambda: setattr(threading, "excepthook", print), "threading.excepthook"),
        (lambda: sys.setrecursionlimit(sys.getrecursionlimit() + 1), "the recursion limit"),
        (lambda: sys.setswitchinterval(0.25), "the switch interval"),
        (gc.disable, "the garbage collector"),
        (lambda: gc.set_threshold(1, 2, 3), "its thresholds"),
        (lambda: setattr(sys, "argv", ["other"]), "sys.argv"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_hooks_and_switches_of_the_interpreter(act: Callable[[], object], name: str) -> None:
    assert the_change(act)[:2] == ("interpreter", name)


def test_a_signal_handler() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    assert the_change(lambda: signal.signal(signal.SIGUSR1, signal.SIG_IGN))[:2] == ("signals", "SIGUSR1")
    assert signal.getsignal(signal.SIGUSR1) is before


def test_the_file_mode_mask() -> None:
    before = os.umask(0o022)
    try:
        change = the_change(lambda: os.umask(0o077))
    finally:
        os.umask(before)
    assert change == ("umask", "the file mode mask", "'0o22'", "'0o77'")


def test_the_locale() -> None:
    other = "C" if locale.setlocale(locale.LC_NUMERIC) != "C" else "C.UTF-8"
    assert the_change(lambda: locale.setlocale(locale.LC_NUMERIC, other))[:2] == ("locale", "the locale")


set_policy: Callable[[object], None] = vars(asyncio)["set_event_loop_policy"]  # which is about to go


def test_the_event_loop_policy() -> None:
    class Policy(asyncio.DefaultEventLoopPolicy):
        pass

    assert the_change(lambda: set_policy(Policy()))[:2] == ("loop_policy", "asyncio's")


def test_that_asyncio_makes_its_default_policy_is_no_change() -> None:
    set_policy(None)
    with rt.contamination_guard() as guard:
        asyncio.run(_nothing())
    assert guard.changes == ()


async def _nothing() -> None:
    """Ends."""


def test_what_is_built_in() -> None:
    assert the_change(lambda: setattr(builtins, "shout", print))[:3] == ("builtins", "shout", "nothing")
    assert the_change(lambda: setattr(builtins, "open", print))[:2] == ("builtins", "open")
    assert not hasattr(builtins, "shout")


# -- logging, warnings, random numbers ---------------------------------------------------------


@pytest.fixture
def logger() -> logging.Logger:
    return logging.getLogger("regrow.tests.contamination")


def test_logging(logger: logging.Logger) -> None:
    name, handler = logger.name, logging.StreamHandler()
    assert the_change(lambda: logger.setLevel(7)) == ("logging", f"{name}.level", "0", "7")
    assert the_change(lambda: setattr(logger, "disabled", True))[1:] == (f"{name}.disabled", "False", "True")
    assert the_change(lambda: setattr(logger, "propagate", False))[1] == f"{name}.propagate"
    assert the_change(lambda: logger.addHandler(handler))[1:3] == (f"{name}.handlers", "()")
    assert the_change(lambda: logger.addFilter(bool))[1] == f"{name}.filters"
    assert the_change(lambda: logging.disable(5)) == ("logging", "logging.disable", "0", "5")
    assert the_change(lambda: logging.getLogger().setLevel(3))[1] == "root.level"
    logger.addHandler(handler)
    try:
        assert the_change(lambda: handler.setLevel(30))[1] == f"{name}.handlers"
        assert the_change(lambda: logger.removeHandler(handler))[1] == f"{name}.handlers"
        assert logger.handlers == [handler]
    finally:
        logger.removeHandler(handler)


def test_a_new_logger_is_fine_as_long_as_nobody_has_set_it_up(request: pytest.FixtureRequest) -> None:
    name = request.node.nodeid.replace(".", "-")
    with rt.contamination_guard() as guard:
        logging.getLogger(name).addHandler(logging.NullHandler())
    assert guard.changes == ()
    assert the_change(lambda: logging.getLogger(f"{name}-2").setLevel(10))[1:] == (
        f"{name}-2.level",
        "nothing",
        "10",
    )


def test_warnings() -> None:
    with warnings.catch_warnings():
        assert the_change(lambda: warnings.simplefilter("ignore"))[:2] == ("warnings", "warnings.filters")
        assert the_change(lambda: setattr(warnings, "showwarning", print))[1] == "warnings.showwarning"
        with pytest.raises(UserWarning):
            warnings.warn("still an error", stacklevel=1)


def test_random_numbers_that_are_drawn_from_what_everybody_shares() -> None:
    before = random.getstate()
    assert the_change(random.random)[:2] == ("random", "random")
    assert the_change(lambda: random.seed(1))[1] == "random"
    assert random.getstate() == before
    with rt.contamination_guard():
        random.Random(1).random()


def test_numpy_if_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    class Numpy(types.ModuleType):
        key = bytearray(b"\x01\x00\x00\x00\x02\x00\x00\x00")

        def get_state(self, *, legacy: bool) -> tuple[object, ...]:
            return "MT19937", self.key, 2, 0, 0.0

        def set_state(self, state: tuple[object, ...]) -> None:
            assert state == ("MT19937", [1, 2], 2, 0, 0.0)
            self.key = bytearray(b"\x01\x00\x00\x00\x02\x00\x00\x00")

    numpy = Numpy("numpy.random")
    monkeypatch.setitem(sys.modules, "numpy.random", numpy)
    assert the_change(lambda: setattr(numpy, "key", bytearray(8)))[:2] == ("random", "numpy.random")


# -- the guard's own rules ---------------------------------------------------------------------


def test_all_changes_of_a_test_are_told_and_put_back(tmp_path: Path) -> None:
    before = Path.cwd(), random.getstate()
    with pytest.raises(rg.errors.Contaminated) as caught, rt.contamination_guard() as guard:
        os.chdir(tmp_path)
        random.random()
    assert [change.kind for change in guard.changes] == ["cwd", "random"]
    assert str(caught.value).startswith(
        "the test changed what is not its own and didn't put it back:\n  cwd: "
    )
    assert isinstance(caught.value, AssertionError)
    assert (Path.cwd(), random.getstate()) == before


def test_what_the_test_puts_back_itself_is_fine_also_if_that_is_at_its_very_end() -> None:
    """Compared is after the tear-down, not before."""

    async def main() -> None:
        async with rt.contamination_guard() as guard, rt.kit() as kit:
            kit.add_cleanup(random.setstate, random.getstate())
            random.random()
        assert guard.changes == ()

    run_virtual(main())


def test_a_test_that_fails_by_itself_fails_so_and_what_it_changed_is_a_note(tmp_path: Path) -> None:
    here = Path.cwd()
    with pytest.raises(KeyError) as caught, rt.contamination_guard():
        os.chdir(tmp_path)
        raise KeyError("own")
    assert "cwd: the working directory was" in caught.value.__notes__[0]
    assert Path.cwd() == here


def test_opt_outs_need_a_reason_and_have_to_be_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_MODE", "live")

    def guard() -> rt.ContaminationGuard:
        return rt.contamination_guard(allow=("env:APP_*",), reason="the program sets it once")

    with guard():
        os.environ["APP_MODE"] = "test"
    assert os.environ["APP_MODE"] == "test"
    with pytest.raises(rg.errors.Contaminated, match="env: OTHER"), guard():
        os.environ.update(APP_MODE="3", OTHER="1")
    text = r"contamination_guard\(allow=\('env:APP_\*',\), reason='the program sets it once'\) was not needed"
    with pytest.raises(rg.errors.StaleOptOut, match=text), guard():
        pass
    with pytest.raises(rg.errors.BadSetting, match="says why"):
        rt.contamination_guard(allow=("env",))


def test_what_can_not_be_put_back_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "old"
    old.mkdir()
    monkeypatch.chdir(old)
    text = "it could not be put back: FileNotFoundError"
    with pytest.raises(rg.errors.Contaminated, match=text), rt.contamination_guard():
        os.chdir(tmp_path)
        old.rmdir()
