"""Every test that asks for `storage` runs on both stores."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import regrow as rg

Storage = Callable[[], rg.Journal]
MEMORY = Path("/dev/shm")


@pytest.fixture(params=["memory", "sqlite"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    """Makes a journal; each finds what the one before has left."""
    if request.param == "memory":
        journal = rg.Journal.in_memory()
        yield lambda: journal
        return
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else tmp_path) as folder:
        yield lambda: rg.Journal(Path(folder) / "app.db", sync="process")
