# role: test
import dataclasses
from unittest import mock

import app
import regrow as rg


def test_patched(monkeypatch) -> None:
    monkeypatch.setattr(app, "MAX_RESTARTS", 1_000)  # expect: RG107
    monkeypatch.setattr("app.tree.max_seconds", 0.1)  # expect: RG107
    monkeypatch.setattr(app, "STRATEGY_NAME", "x")
    with mock.patch("app.MAX_RESTARTS", 1_000):  # expect: RG107
        assert app.tree()
    with mock.patch.object(app, "MAX_RESTARTS", 1_000):  # expect: RG107
        assert app.tree()
    app.patch("MAX_SIZE", 1)


def test_replaced() -> None:
    assert dataclasses.replace(app.flags, max_restarts=1_000)  # expect: RG107
    assert dataclasses.replace(app.flags, name="x")


def test_own_tree() -> None:
    debug = True
    assert rg.supervisor([], strategy="one_for_one", max_restarts=9 if debug else 3)
