"""The committed traces of real Erlang/OTP, for machines without ``erl``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import msgspec

from tests.conformance.model import Scenario
from tests.conformance.trace import Trace

FOLDER = Path(__file__).parent / "golden"


class Golden(msgspec.Struct, frozen=True):
    """One recorded scenario."""

    name: str
    digest: str
    otp: str
    trace: Trace


def write(release: str, recorded: Iterable[tuple[Scenario, Trace]]) -> int:
    """Replaces all golden files; one per theme, one line per scenario. Returns how many were written."""
    themes: dict[str, list[Golden]] = defaultdict(list)
    for scenario, trace in recorded:
        themes[scenario.name.partition("/")[0]].append(Golden(scenario.name, scenario.digest, release, trace))
    for old in FOLDER.glob("*.jsonl"):
        old.unlink()
    FOLDER.mkdir(exist_ok=True)
    for theme, entries in themes.items():
        lines = [msgspec.json.encode(entry).decode() for entry in sorted(entries, key=lambda e: e.name)]
        (FOLDER / f"{theme}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return sum(map(len, themes.values()))


def read() -> dict[str, Golden]:
    """All golden traces by name."""
    found = {}
    for file in sorted(FOLDER.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            entry = msgspec.json.decode(line, type=Golden)
            found[entry.name] = entry
    return found
