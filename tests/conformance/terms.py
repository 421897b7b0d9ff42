"""Scenarios as Erlang terms, for ``file:consult`` (OTP 25 has no JSON reader)."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tests.conformance.model import Scenario


def term(value: object) -> str:
    """One value as Erlang text: texts become atoms, None becomes ``none``, a mapping a map."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if isinstance(value, dict):
        return "#{" + ",".join(f"{term(k)} => {term(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(term(v) for v in value) + "]"
    raise TypeError(f"no Erlang term for {value!r}")


def scenario_terms(scenarios: Iterable[Scenario]) -> str:
    """A file that ``file:consult`` reads: one term per scenario."""
    lines = []
    for scenario in scenarios:
        plain = msgspec.to_builtins(scenario)
        plain["names"] = scenario.names()
        lines.append(term(plain) + ".")
    return "\n".join(lines) + "\n"
