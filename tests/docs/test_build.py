"""The documentation builds without a warning, and shows every public name."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from regrow import comply, debug, testing, types
from tests.api.public import ERRORS, NAMES
from tests.docs.blocks import REPOSITORY


@pytest.mark.timeout(200)  # alone it takes a fifth of that
def test_it_builds_and_every_public_name_is_on_the_reference(tmp_path: Path) -> None:
    """One test, since the build takes its time."""
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "docs", str(tmp_path)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    shown = set(re.findall(r'id="(regrow\.[\w.]+)"', (tmp_path / "reference.html").read_text()))
    modules = {"debug", "errors", "events", "testing", "types"}
    wanted = {f"regrow.{name}" for name in NAMES if name not in modules}
    wanted |= {f"regrow.errors.{name}" for name in ERRORS}
    others = (comply, debug, testing, types)
    wanted |= {f"{module.__name__}.{name}" for module in others for name in module.__all__}
    assert wanted - shown == set()
