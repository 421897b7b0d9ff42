"""The stores fulfil the contract of stores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from regrow.delivery.journal.memory import MemoryStore
from regrow.delivery.journal.sqlite import SqliteStore
from regrow.delivery.journal.store import Store, SyncLevel
from tests.journal.contract import StoreContract


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def reopen(self) -> Callable[[], Store]:
        store = MemoryStore()
        return lambda: store

    def test_commits_wait_for_nothing(self, store: Store) -> None:
        assert not store.blocking


class TestSqliteStore(StoreContract):
    @pytest.fixture(params=["power", "process", "none"])
    def level(self, request: pytest.FixtureRequest) -> SyncLevel:
        level: SyncLevel = request.param
        return level

    @pytest.fixture
    def reopen(self, path: Path, level: SyncLevel) -> Callable[[], Store]:
        return lambda: SqliteStore(path, level)

    def test_commits_wait_for_the_disk(self, store: Store) -> None:
        assert store.blocking
