"""What the runs within these tests must not inherit."""

import pytest


@pytest.fixture(autouse=True)
def not_on_a_build_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pytest's summary is longer where it takes the run for one of a build server."""
    for name in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)
