"""The systems that are measured, and the command line of a worker of each."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.suite import paths
from benchmarks.suite.workloads import Params, Value


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
    quick: bool = False
    # Less work where the full amount would take hours, and never finish.
    smaller: dict[str, dict[str, Value]] = field(default_factory=dict)

    def command(self, family: str, params: Params, nonce: int) -> list[str]:
        """The command line of one run; raises Unavailable."""
        pairs = [f"{key}={value}" for key, value in {**params, **self.options, "nonce": nonce}.items()]
        if self.adapter == "erlang":
            return [*_erlang(self.options), "-extra", family, *pairs]
        return [str(self._python()), "-m", "benchmarks.worker", self.adapter, family, *pairs]

    def does(self, family: str) -> bool:
        return self.only is None or family in self.only

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


def _peer(name: str, *, quick: bool = False, **smaller: dict[str, Value]) -> System:
    return System(name, f"{name}_bench", environment=name, quick=quick, smaller=smaller)


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
    _peer("thespian", quick=True),
    _peer("pykka", quick=True),
    # Restarts wait out a built-in back-off of up to 1 s.
    _peer("lapinbeam", quick=True, W9={"crashes": 5}, W9n={"crashes": 5}),
    _peer("papyra"),
    _peer("fauxtp"),
    _peer("otpylib"),
    _peer("triotp"),
    _peer("mode"),
    _peer("xoscar"),
    _peer("domo"),
    _peer("autogen"),
    # Each thread polls ten times a second: 10,000 of them keep the whole machine busy.
    _peer("genserver", W6={"idle": 1_000, "n": 1_000}, W6s={"n": 1_000}, W12={"n": 1_000}),
    _peer("atomr"),
    _peer("actio"),
    _peer("pulsing"),
)


def named(names: tuple[str, ...], *, quick: bool) -> list[System]:
    """The systems of a run; raises SystemExit for a name that there is none of."""
    known = {system.name: system for system in SYSTEMS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"no such system: {', '.join(unknown)}. There are: {', '.join(known)}")
    if names:
        return [known[name] for name in names]
    return [system for system in SYSTEMS if system.quick or not quick]
