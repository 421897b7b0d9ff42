"""Runs scenarios on Erlang/OTP: one virtual machine per batch, the oracle compiled once into a cache."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.conformance.model import Scenario
from tests.conformance.terms import scenario_terms
from tests.conformance.trace import Raw

SOURCES = Path(__file__).parent / "erl"


class OracleFailed(AssertionError):
    """The Erlang machine ended without a trace for every scenario."""


def available() -> bool:
    """True where ``erl`` and ``erlc`` are on the path."""
    return shutil.which("erl") is not None and shutil.which("erlc") is not None


@functools.cache
def compiled() -> Path:
    """The folder of the compiled oracle; compiled again whenever its source changes."""
    sources = sorted(SOURCES.glob("*.erl"))
    digest = hashlib.sha256(b"".join(p.read_bytes() for p in sources)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"regrow-oracle-{os.getuid()}-{digest}"
    if not folder.exists():
        with tempfile.TemporaryDirectory() as draft:
            subprocess.run(["erlc", "-Werror", "-o", draft, *map(str, sources)], check=True)
            shutil.copytree(draft, folder, dirs_exist_ok=True)
    return folder


def run_oracle(
    scenarios: Sequence[Scenario], *, schedulers: int = 1, timeout: float = 600.0
) -> tuple[str, dict[str, Raw]]:
    """Runs a batch in one Erlang machine.

    Args:
        scenarios: Their names must differ.
        schedulers: 1 for the reference, 2 for the check against itself.
        timeout: Seconds for the whole batch.

    Returns:
        The OTP release, and the raw trace of each scenario by name.

    Raises:
        OracleFailed: The machine died, or a scenario has no trace or could not settle.
    """
    if not scenarios:
        return "none", {}
    with tempfile.NamedTemporaryFile("w", suffix=".terms", encoding="utf-8") as file:
        file.write("%% coding: utf-8\n" + scenario_terms(scenarios))
        file.flush()
        command = [
            "erl",
            "-noshell",
            "-noinput",
            "-boot",
            "no_dot_erlang",
            "+S",
            f"{schedulers}:{schedulers}",
        ]
        command += ["+sbwt", "none", "-pa", str(compiled()), "-run", "oracle", "main", file.name]
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        raise OracleFailed(f"erl ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    head = msgspec.json.decode(lines[0], type=dict[str, str | int])
    raws = [msgspec.json.decode(line, type=Raw) for line in lines[1:]]
    failed = [f"{raw.name}: {raw.error}" for raw in raws if raw.error]
    if failed or len(raws) != len(scenarios):
        raise OracleFailed("\n".join(failed[:5]) or f"{len(scenarios) - len(raws)} scenarios left no trace")
    return str(head["otp"]), {raw.name: raw for raw in raws}


def run_differences() -> dict[str, str]:
    """What happens on Erlang in each scenario of ``differences.py``."""
    command = ["erl", "-noshell", "-noinput", "-boot", "no_dot_erlang", "-pa", str(compiled())]
    done = subprocess.run(
        [*command, "-run", "oracle_differences", "main"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return dict(msgspec.json.decode(line, type=tuple[str, str]) for line in done.stdout.splitlines())
