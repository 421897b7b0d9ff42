"""Where things are: the checkout, the peers' environments, Erlang's compiled modules."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"
PEERS = Path(os.environ.get("REGROW_PEERS", ROOT / ".peers"))
PEERS_TOML = BENCHMARKS / "peers.toml"
ERLANG_SOURCES = BENCHMARKS / "systems" / "erlang"
ERLANG_CACHE = PEERS / "erlang"


def ensure_peers_folder() -> Path:
    """The folder of the peers' environments, which tells git to look away."""
    PEERS.mkdir(parents=True, exist_ok=True)
    ignore = PEERS / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    return PEERS


def peer_python(name: str) -> Path:
    """The interpreter of a peer's environment."""
    return PEERS / name / "bin" / "python"


def relative(text: str) -> str:
    """The text without the place of the checkout, which is this machine's."""
    return text.replace(f"{ROOT}/", "")
