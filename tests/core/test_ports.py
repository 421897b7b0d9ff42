"""Ports: real by default, the same again from a seed, and checked."""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

import pytest

from regrow.core.ports import Ports, RandomStreams, Serials, ThreadRunner
from regrow.errors import BadPort

T = TypeVar("T")


class Inline:
    """Runs at once what a thread would."""

    def submit(self, fn: Callable[[], T], /) -> Future[T]:
        future: Future[T] = Future()
        future.set_result(fn())
        return future

    def replace(self) -> None: ...
    def close(self) -> None: ...


class Tens:
    def __init__(self) -> None:
        self.last = 0

    def next(self) -> int:
        self.last += 10
        return self.last


def test_defaults_are_real() -> None:
    ports = Ports()
    assert ports.monotonic is time.monotonic
    assert ports.wall is time.time
    assert (ports.threads, ports.chooser, ports.mailbox_hook) == (None, None, None)
    assert (ports.step_hook, ports.store) == (None, None)
    assert isinstance(ports.random("x"), random.Random)


def test_two_systems_count_for_themselves() -> None:
    one, other = Ports(), Ports()
    assert [one.ids.next(), one.ids.next(), other.ids.next()] == [1, 2, 1]
    assert Serials(7).next() == 7


def test_ports_are_taken() -> None:
    threads: ThreadRunner = Inline()
    ports = Ports(
        monotonic=lambda: 1.0,
        wall=lambda: 2.0,
        random=RandomStreams(3),
        ids=Tens(),
        threads=threads,
        chooser=lambda ready: len(ready) - 1,
        mailbox_hook=lambda sender, receiver, message, lossy: "drop",
        step_hook=lambda pid, phase, message: None,
        store="store",
    )
    assert (ports.monotonic(), ports.wall(), ports.ids.next(), ports.store) == (1.0, 2.0, 10, "store")
    assert ports.threads is not None
    assert ports.threads.submit(lambda: 5).result() == 5
    assert ports.chooser is not None
    assert ports.chooser(["a", "b"]) == 1


def test_streams_are_the_same_from_a_seed() -> None:
    one, other = RandomStreams(42), RandomStreams(42)
    assert one("retry") is one("retry")
    drawn = [one("retry").random() for _ in range(3)]
    other("chaos").random()
    assert [other("retry").random() for _ in range(3)] == drawn
    assert RandomStreams(43)("retry").random() != drawn[0]
    assert one("chaos").random() != drawn[0]


def test_streams_are_the_same_in_another_interpreter() -> None:
    program = "from regrow.core.ports import RandomStreams; print(RandomStreams(42)('retry').random())"
    drawn = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        ).stdout
        for seed in ("1", "2")
    }
    assert drawn == {f"{RandomStreams(42)('retry').random()}\n"}


def test_entropy_without_a_seed_can_be_played_again() -> None:
    streams = RandomStreams()
    assert streams.seed != RandomStreams().seed
    assert RandomStreams(streams.seed)("x").random() == streams("x").random()
    assert repr(RandomStreams(5)) == "RandomStreams(seed=5)"


@pytest.mark.parametrize("option", ["monotonic", "wall", "random", "chooser", "mailbox_hook", "step_hook"])
def test_what_has_to_be_callable(option: str) -> None:
    with pytest.raises(BadPort, match=rf"Ports\({option}=5\) can't be used: {option} has to be callable"):
        Ports(**{option: 5})  # type: ignore[arg-type]


@pytest.mark.parametrize("option", ["monotonic", "wall"])
def test_clocks_are_never_none(option: str) -> None:
    with pytest.raises(BadPort, match="callable"):
        Ports(**{option: None})  # type: ignore[arg-type]


def test_what_has_to_have_methods() -> None:
    with pytest.raises(BadPort, match=r"an object with next\(\)"):
        Ports(ids=iter([1]))  # type: ignore[arg-type]
    with pytest.raises(BadPort, match=r"submit\(\), replace\(\), close\(\)"):
        Ports(threads=object())  # type: ignore[arg-type]
