import os
import sys
from typing import TYPE_CHECKING

import pytest  # expect: RG105
from _pytest.outcomes import Failed

import settings

try:
    import pytest as optional
except ImportError:
    optional = None

if TYPE_CHECKING:
    import pytest as typed

TESTING = False


def limits(env: str, kind: str) -> int:
    if TESTING:  # expect: RG105
        return 1
    if not settings.TESTING and kind:  # expect: RG105
        return 2
    if env == "test":  # expect: RG105
        return 3
    if os.environ["APP_ENV"] == "test":  # expect: RG105
        return 4
    if os.environ.get("APP_ENVIRONMENT", "").lower() != "testing":  # expect: RG105
        return 5
    if "PYTEST_CURRENT_TEST" in os.environ:  # expect: RG105
        return 6
    if os.getenv("PYTEST_VERSION"):  # expect: RG105
        return 7
    if "pytest" in sys.modules:  # expect: RG105
        return 8
    if kind == "test":
        return 9
    if env == "production":
        return 10
    shown = os.environ.get("PYTEST_CURRENT_TEST", "")
    return len(shown) + len("pytest")


def integrated() -> object:
    if "pytest" in sys.modules:
        return sys.modules["pytest"].ExceptionInfo
    if "pytest" in sys.modules and sys.modules["pytest"].version_tuple > (8,):
        return 1
    return None


def by_environment(names) -> int:
    if os.environ.get("TESTING"):  # expect: RG105
        return 1
    if os.getenv("IS_TEST") == "1":  # expect: RG105
        return 2
    if "TESTING" in os.environ:  # expect: RG105
        return 3
    return 4 if "TESTING" in names else 5
