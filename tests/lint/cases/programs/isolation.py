# role: test
"""Tests that change what all others see, run as pytest runs them."""

import inspect
import os
import sys
from collections.abc import Callable

from pytest import MonkeyPatch


def test_sets():
    os.environ["REGROW_PROGRAM"] = "1"
    os.environ.pop("REGROW_OTHER", None)
    print(os.environ["REGROW_PROGRAM"], "REGROW_OTHER" in os.environ)
    del os.environ["REGROW_PROGRAM"]


def test_goes():
    here = os.getcwd()
    os.chdir("/")
    sys.path.insert(0, "/regrow-program")
    print(os.getcwd(), sys.path[0])
    sys.path.remove("/regrow-program")
    os.chdir(here)


def run(test: Callable[..., None]) -> None:
    with MonkeyPatch.context() as patches:
        test(*[patches] * len(inspect.signature(test).parameters))


run(test_sets)
run(test_goes)
