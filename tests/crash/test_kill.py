"""Nothing is lost under kill -9 (G1 to G5, G7 to G9): 25 kills at each level."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.campaign import Options
from tests.crash.kit import SEED, lose_nothing, run


@pytest.mark.timeout(120)
@pytest.mark.parametrize("level", ["power", "process"])
def test_nothing_is_lost_under_kill_9(level: str, tmp_path: Path) -> None:
    result = lose_nothing(level, tmp_path)
    assert result.redriven == 0


@pytest.mark.timeout(120)
def test_nothing_is_lost_where_transactions_follow_each_other(tmp_path: Path) -> None:
    # 32 senders never fill a transaction that is as large as the product's that follow others.
    result = run(Options(kills=8, seed=SEED, early=4), tmp_path)
    assert (result.lost, result.conservation) == (0, True)
    assert result.followed > 5 * result.kills


@pytest.mark.timeout(120)
def test_without_a_file_loss_is_counted_and_nothing_is_made_up(tmp_path: Path) -> None:
    result = run(Options(kills=5, seed=SEED, level="none"), tmp_path)
    assert result.lost > 0
    assert result.accepted > result.lost
