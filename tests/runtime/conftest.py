"""Every test of the runtime runs with hand-off on and off."""

from __future__ import annotations

import pytest


@pytest.fixture(params=[True, False], ids=["hand_off", "queued"])
def hand_off(request: pytest.FixtureRequest) -> bool:
    """Pass it to `rg.System(hand_off=...)`."""
    return bool(request.param)
