"""The systems of the runtime suite."""

from __future__ import annotations

from benchmarks.suite.systems import System, peer

SYSTEMS: tuple[System, ...] = (
    System("regrow", "regrow_bench", quick=True),
    System("regrow-no-hand-off", "regrow_bench", {"hand_off": "0"}, quick=True),
    # Handlers that are coroutines; workloads without handlers, or with calls inside, are the same.
    System(
        "regrow-async-def",
        "regrow_bench",
        {"colour": "async"},
        only=frozenset({"W1", "W2", "W3", "W4"}),
        quick=True,
    ),
    System("asyncio", "asyncio_floor", quick=True),
    System("erlang", "erlang", quick=True),
    System("erlang-1-scheduler", "erlang", {"schedulers": "1"}),
    peer("thespian", quick=True),
    peer("pykka", quick=True),
    # Restarts wait out a built-in back-off of up to 1 s.
    peer("lapinbeam", quick=True, W9={"crashes": 5}, W9n={"crashes": 5}),
    peer("papyra"),
    peer("fauxtp"),
    peer("otpylib"),
    peer("triotp"),
    peer("mode"),
    peer("xoscar"),
    peer("domo"),
    peer("autogen"),
    # Each thread polls ten times a second: 10,000 of them keep the whole machine busy.
    peer("genserver", W6={"idle": 1_000, "n": 1_000}, W6s={"n": 1_000}, W12={"n": 1_000}),
    peer("atomr"),
    peer("actio"),
    peer("pulsing"),
)
