"""Rows for the tests of journals."""

from __future__ import annotations

from typing import Any

from regrow.delivery.journal.rows import CAST, Attempt, Burial, Live, SavedState, StateEvent

START_US = 1_700_000_000_000_000


def live(id: int, **values: Any) -> Live:
    given: dict[str, Any] = {
        "mid": id.to_bytes(16, "big"),
        "dest": "worker",
        "kind": CAST,
        "type": "app:Worker.handle",
        "payload": b"payload of %d" % id,
        "created_us": START_US + id,
        "due_us": START_US + id,
    }
    return Live(id=id, **{**given, **values})


def full_live(id: int) -> Live:
    """One whose every field has a value of its own."""
    return live(
        id,
        key="key",
        lane="lane",
        source="sender",
        headers=b"\x81\xa1a\x01",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        expires_us=START_US * 2,
        max_attempts=7,
        max_crashes=5,
        discard=True,
        attempt_timeout=2.5,
        attempts=3,
        crashes=2,
        redrives=1,
    )


def attempt(n: int = 1, **values: Any) -> Attempt:
    given: dict[str, Any] = {"boot": 1, "started_us": START_US + n, "ended_us": START_US + n + 5}
    return Attempt(**{**given, "outcome": "error", **values})


def full_attempt() -> Attempt:
    return attempt(
        9, outcome="timeout", error_type="ValueError", error="bad é", trace="line 1\n", delay_us=77
    )


def burial(dead_us: int = START_US, **values: Any) -> Burial:
    given: dict[str, Any] = {"reason": "max_attempts", "fingerprint": b"\0cause\xff\1"}
    return Burial(dead_us=dead_us, **{**given, **values})


def full_burial() -> Burial:
    return burial(
        reason="crash_loop",
        error_type="KeyError",
        error="'x'",
        retry_us=START_US + 60,
        expires_us=START_US + 90,
        code_version="1.2",
    )


def state(name: str, epoch: int, version: int = 0, data: bytes = b"state") -> SavedState:
    return SavedState(
        name=name, type="app:Counter", schema=2, epoch=epoch, version=version, data=data, updated_us=START_US
    )


def event(name: str, version: int, data: bytes = b"event") -> StateEvent:
    return StateEvent(name=name, version=version, schema=2, data=data)
