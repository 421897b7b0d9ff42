"""What is left where no test runs."""

import os
import sys

from settings import ENVIRONMENT, TESTING, other, settings

LIMIT = 1_000 if "PYTEST_CURRENT_TEST" in os.environ else 3  # expect: RG105
NAME = ("app" if not TESTING else "test")  # expect: RG105
DELAY = 0.0 if settings.TESTING else (yes := 1.5)  # expect: RG105
UNDER_PYTEST = "pytest" in sys.modules  # expect: RG105

# expect below: RG105
if TESTING:
    LIMIT = 7
elif other:
    LIMIT = 8
else:
    LIMIT = 9

if other:
    LIMIT = 1
# expect below: RG105
elif TESTING:
    LIMIT = 2
elif LIMIT:
    LIMIT = 3
# expect below: RG105
elif "pytest" in sys.modules:
    LIMIT = 4
else:
    LIMIT = 5

if other:
    LIMIT = 1
# expect below: RG105
elif os.getenv("PYTEST_VERSION"):
    LIMIT = 2

if other:
    LIMIT = 1
# expect below: RG105
elif (os.getenv("PYTEST_VERSION") is None):
    LIMIT = 2  # kept
else:
    LIMIT = 3


def start(pool):
    # expect below: RG105
    if TESTING:
        pool.max_restarts = 1_000
    else:
        # As many as anybody can bear.
        pool.max_restarts = 3

        @pool.hook  # and a hook
        def hook(
    arguments):
            return arguments
    # expect below: RG105
    if ENVIRONMENT != "test":
        pool.start()  # in earnest
    else:
        pool.pretend()
    # expect below: RG105
    if ENVIRONMENT == "test":
        # Tests have no time for it.
        return
    pool.wait()


def stop(pool):
    # expect below: RG105
    if TESTING:
        pool.kill()


def conditions(pool, x):
    # expect below: RG105
    if x and not TESTING:
        pool.a()
    # expect below: RG105
    if TESTING or x:
        pool.b()
    # expect below: RG105
    if x and (TESTING or not x):
        pool.c()
    # expect below: RG105
    if not (TESTING and x):
        pool.d()
    # expect below: RG105
    while TESTING:
        pool.e()
    # expect below: RG105
    if TESTING: pool.f()
    # expect below: RG105
    if not TESTING:
        text = """as
        it is"""
    else:
        text = ""
    return text


def shares():
    # expect below: RG105
    if TESTING:
        state = 0

    def inner():
        nonlocal state
        state += 1

    return inner
