"""The pytest plugin is there, and importing it imports nothing of the package."""

import subprocess
import sys
from pathlib import Path

CONFTEST = """
import sys

def pytest_collection_finish(session):
    print("plugin:", session.config.pluginmanager.hasplugin("regrow"))
    print("loaded:", sorted(name for name in sys.modules if name.split(".")[0] == "regrow"))
"""


def test_collecting_leaves_the_package_out(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-s", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "plugin: True" in done.stdout
    assert "loaded: []" in done.stdout
