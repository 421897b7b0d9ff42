"""Makes the peers' environments: `python benchmarks/peers.py setup [NAME...]`; `list` says what there is."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

if __package__ in (None, ""):  # run by its path
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks.suite import paths

_INSTALL_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Peer:
    """A library with its pinned requirements."""

    name: str
    version: str
    about: str
    requires: tuple[str, ...]
    # What makes the environment, where it isn't the Python that runs all else.
    interpreter: str = sys.executable
    # Whether it is an environment for this checkout's own package.
    ours: bool = False

    @property
    def python(self) -> Path:
        return paths.peer_python(self.name)

    @property
    def installed(self) -> bool:
        marker = self.python.parent.parent / ".installed"
        return marker.exists() and marker.read_text().split() == list(self.requires)

    def install(self) -> str | None:
        """Makes the environment anew; returns what went wrong, or None."""
        folder = paths.ensure_peers_folder() / self.name
        if not Path(self.interpreter).exists():
            return f"there is no {self.interpreter}"
        steps = (
            [self.interpreter, "-m", "venv", "--clear", str(folder)],
            [str(self.python), "-m", "pip", "install", "--quiet", "--no-deps", *self.requires],
        )
        for step in steps:
            done = subprocess.run(step, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False)
            if done.returncode:
                return (done.stderr or done.stdout).strip().splitlines()[-1]
        if self.ours:
            for packages in folder.glob("lib/python*/site-packages"):
                (packages / "regrow.pth").write_text(f"{paths.ROOT / 'src'}\n")
        (folder / ".installed").write_text("\n".join(self.requires))
        return None


def load() -> dict[str, Peer]:
    """All peers of peers.toml."""
    with paths.PEERS_TOML.open("rb") as file:
        entries = tomllib.load(file)["peers"]
    return {
        name: Peer(name, **{**entry, "requires": tuple(entry["requires"])}) for name, entry in entries.items()
    }


def left_out() -> dict[str, tuple[str, str]]:
    """What cannot take part: name to version and reason."""
    with paths.PEERS_TOML.open("rb") as file:
        entries = tomllib.load(file)["left_out"]
    return {name: (entry["version"], entry["reason"]) for name, entry in entries.items()}


def setup(names: list[str]) -> int:
    """Installs what is missing; exit code 1 when something did not install."""
    known, failed = load(), False
    if unknown := set(names) - set(known):
        print(f"no such peer: {', '.join(sorted(unknown))}. There are: {', '.join(known)}", file=sys.stderr)
        return 2
    for peer in (known[name] for name in names or known):
        problem = None if peer.installed else peer.install()
        failed |= problem is not None
        print(f"{peer.name} {peer.version}: {problem or 'ready'}", flush=True)
    return int(failed)


def show() -> int:
    for peer in load().values():
        print(f"{'ready  ' if peer.installed else 'missing'}  {peer.name} {peer.version}  {peer.about}")
    for name, (version, reason) in left_out().items():
        print(f"left out {name} {version}: {reason}")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description="The peers' environments, under .peers/.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("setup").add_argument("names", nargs="*")
    commands.add_parser("list")
    options = parser.parse_args()
    return setup(options.names) if options.command == "setup" else show()


if __name__ == "__main__":
    sys.exit(main())
