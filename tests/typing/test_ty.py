"""ty, where it is installed, finds plain sends to servers as mypy and pyright do: no plugin is needed."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PEERS = HERE.parents[1] / ".peers" / "ty" / "bin"  # by `python benchmarks/peers.py setup ty`
TY = shutil.which("ty", path=PEERS) or shutil.which("ty")


@pytest.mark.skipif(TY is None, reason="ty is not installed")
def test_plain_sends_to_servers_are_deprecated(tmp_path: Path) -> None:
    program = (HERE / "bad_sends.py").read_text()
    (tmp_path / "bad_sends.py").write_text(program)
    command = [str(TY), "check", "--python", sys.prefix, "--output-format", "concise", "bad_sends.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    found = re.findall(r"^bad_sends\.py:(\d+):\d+: \w+\[deprecated\]", done.stdout, flags=re.MULTILINE)
    expected = [str(n) for n, line in enumerate(program.splitlines(), 1) if line.endswith("# error")]
    assert found == expected
    assert f"Found {len(expected)} diagnostics" in done.stdout
