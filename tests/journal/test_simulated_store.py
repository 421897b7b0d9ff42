"""The store of simulated runs fulfils the contract of stores, too."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from regrow.delivery.journal.store import Store, SyncLevel
from regrow.testing.sim.disk import SimDisk
from regrow.testing.sim.store import SimStore
from tests.journal.contract import StoreContract


class TestSimStore(StoreContract):
    @pytest.fixture(params=["power", "process", "none"])
    def level(self, request: pytest.FixtureRequest) -> SyncLevel:
        level: SyncLevel = request.param
        return level

    @pytest.fixture
    def reopen(self, level: SyncLevel) -> Callable[[], Store]:
        disk = SimDisk(level=level)
        return lambda: SimStore(disk)

    def test_commits_wait_for_the_disk(self, store: Store) -> None:
        assert store.blocking
