"""Nothing is lost under kill -9 while the command redrives dead letters from a second process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.kit import lose_nothing


@pytest.mark.timeout(120)
def test_nothing_is_lost_under_kill_9_while_the_command_redrives(tmp_path: Path) -> None:
    result = lose_nothing("process", tmp_path, redrive=True)
    assert result.redriven > 0
