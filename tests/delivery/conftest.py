"""Sends run with hand-off on and off, as everything of the runtime does."""

from __future__ import annotations

import pytest


@pytest.fixture(params=[True, False], ids=["hand_off", "queued"])
def hand_off(request: pytest.FixtureRequest) -> bool:
    """Pass it to `rg.System(hand_off=...)`."""
    return bool(request.param)
