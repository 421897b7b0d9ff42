"""The pytest plugin is there, and importing it imports nothing of the package."""

import subprocess
import sys
from pathlib import Path

import pytest

NONE = ("-p", "no:asyncio", "-p", "no:anyio", "-p", "no:hypothesispytest", "-p", "no:xdist")
CONFTEST = """
import sys

def pytest_collection_finish(session):
    print("plugin:", session.config.pluginmanager.hasplugin("regrow"))
    print("loaded:", sorted(name for name in sys.modules if name.split(".")[0] == "regrow"))
"""


@pytest.mark.parametrize("table", ["", "[tool.regrow.test]\n"], ids=["without the table", "with it"])
def test_collecting_leaves_the_package_out(tmp_path: Path, table: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.pytest.ini_options]\n{table}")
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-s", "-p", "no:cacheprovider", *NONE],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "plugin: True" in done.stdout
    assert "loaded: []" in done.stdout
