"""The systems of the test kit's suite."""

from __future__ import annotations

from benchmarks.suite.systems import System

_SIMULATED = frozenset({"T1", "T1s", "T1r"})


def _rival(name: str) -> System:
    """One that cannot run here; its cells say why."""
    return System(name, f"{name}_bench", only=_SIMULATED, left_out=True, quick=True)


def _guard(name: str, **options: str) -> System:
    return System(name, "regrow_testkit", options, only=frozenset({"T2"}), quick=True)


SYSTEMS: tuple[System, ...] = (
    System("regrow", "regrow_testkit", only=_SIMULATED | {"T3"}, quick=True),
    # The floor's own code on our loop: what the loops cost, without the runtime.
    System("regrow-plain-asyncio", "regrow_testkit", {"plain": "1"}, only=_SIMULATED, quick=True),
    System("detangle", "detangle_bench", environment="detangle", only=_SIMULATED, quick=True),
    System(
        "asyncio",
        "asyncio_testkit",
        only=_SIMULATED,
        quick=True,
        smaller={"T1": {"n": 20}, "T1s": {"n": 20}, "T1r": {"starts": 1, "most": 50}},
    ),
    # The same tests on the same loop, without a guard and with one of them; and without the kit.
    _guard("regrow-no-guard", guard="none"),
    _guard("regrow-leak-guard", guard="leaks"),
    _guard("regrow-contamination-guard", guard="contamination"),
    # It also compares the 940 globals of a package of 20 modules.
    _guard("regrow-package-guard", guard="package"),
    _guard("pytest-asyncio"),
    _rival("simloop"),
    _rival("simloom"),
    _rival("seedloop"),
)
