"""What a system is that is measured, and the command line of a worker of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import peers
from benchmarks.suite import paths
from benchmarks.suite.workload import Params, Value, Workload


class Unavailable(Exception):
    """The system cannot run here; the text says why."""


@dataclass(frozen=True, slots=True)
class System:
    """A column of the table."""

    name: str
    adapter: str
    options: dict[str, str] = field(default_factory=dict)
    environment: str | None = None
    only: frozenset[str] | None = None
    # Values of parameters that it takes part with; a workload without the parameter is not asked.
    where: dict[str, frozenset[Value]] = field(default_factory=dict)
    quick: bool = False
    # Less work where the full amount would take hours, and never finish.
    smaller: dict[str, dict[str, Value]] = field(default_factory=dict)
    # Stands in peers.toml among those that cannot run here.
    left_out: bool = False

    def command(self, family: str, params: Params, nonce: int) -> list[str]:
        """The command line of one run; raises Unavailable."""
        if self.left_out:
            version, reason = peers.left_out()[self.name]
            raise Unavailable(f"{version}: {reason}")
        pairs = [f"{key}={value}" for key, value in {**params, **self.options, "nonce": nonce}.items()]
        if self.adapter == "erlang":
            return [*_erlang(self.options), "-extra", family, *pairs]
        return [str(self._python()), "-m", "benchmarks.worker", self.adapter, family, *pairs]

    def does(self, workload: Workload) -> bool:
        if self.only is not None and workload.family not in self.only:
            return False
        return all(workload.full.get(key) in {None, *values} for key, values in self.where.items())

    def _python(self) -> Path:
        if self.environment is None:
            return Path(sys.executable)
        python = paths.peer_python(self.environment)
        if not python.exists():
            raise Unavailable(f"not installed: python benchmarks/peers.py setup {self.environment}")
        return python


def _erlang(options: dict[str, str]) -> list[str]:
    erl = shutil.which("erl")
    if erl is None:
        raise Unavailable("erl is not on the path")
    compile_erlang()
    flags = ["+P", "4000000"]
    if "schedulers" in options:
        flags += ["+S", f"{options['schedulers']}:{options['schedulers']}"]
    return [erl, *flags, "-noshell", "-pa", str(paths.ERLANG_CACHE), "-s", "otp_bench", "main"]


def compile_erlang() -> None:
    """Compiles what has changed; raises Unavailable when there is no erlc."""
    erlc = shutil.which("erlc")
    if erlc is None:
        raise Unavailable("erlc is not on the path")
    paths.ensure_peers_folder()
    paths.ERLANG_CACHE.mkdir(exist_ok=True)
    for source in sorted(paths.ERLANG_SOURCES.glob("*.erl")):
        beam = paths.ERLANG_CACHE / f"{source.stem}.beam"
        if not beam.exists() or beam.stat().st_mtime < source.stat().st_mtime:
            subprocess.run([erlc, "-o", str(paths.ERLANG_CACHE), str(source)], check=True, stdout=sys.stderr)


def peer(name: str, *, quick: bool = False, **smaller: dict[str, Value]) -> System:
    """A library of peers.toml, in its own environment."""
    return System(name, f"{name}_bench", environment=name, quick=quick, smaller=smaller)
