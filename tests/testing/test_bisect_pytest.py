"""`pytest --regrow-bisect`: runs of pytest in processes of their own, over a project with a polluter."""

import subprocess
import sys
from pathlib import Path

import pytest

import regrow as rg
from regrow.testing.bisect_pytest import PytestRuns

PROJECT = {
    "state.py": "dirty = []\n",
    "test_a.py": "import state\n\ndef test_fine(): pass\n\ndef test_polluter(): state.dirty.append(1)\n",
    "test_b.py": "import state\n\ndef test_between(): pass\n\ndef test_victim(): assert not state.dirty\n",
}
VICTIM = "test_b.py::test_victim"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # six times as fast
    for name, text in PROJECT.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def bisect(project: Path, *arguments: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "_regrow_pytest", *arguments]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, timeout=50)
    return done.returncode, done.stdout, done.stderr


def test_the_polluter_is_named_with_commands_that_show_it(project: Path) -> None:
    status, out, _ = bisect(project, f"--regrow-bisect={VICTIM}")
    assert status == pytest.ExitCode.TESTS_FAILED
    lines = out.splitlines()
    assert lines[0] == f"3 tests stand before {VICTIM}; which of them make it fail?"
    assert "run 1: it passes after 0 of the others" in lines
    found = lines.index("  test_a.py::test_polluter")
    assert lines[found - 1].startswith(f"{VICTIM} fails after these as ")
    assert lines[found + 1 :: 2] == ["it fails:", "it passes:"]
    fails, passes = lines[found + 2 :: 2]
    assert fails.endswith(f"test_a.py::test_polluter {VICTIM}")
    assert passes.endswith(f" {VICTIM}")
    assert "polluter" not in passes


def test_a_test_that_is_not_there_is_wrong_use(project: Path) -> None:
    """Found out in one process, also where tests are run by several."""
    workers = ("-p", "xdist", "-n", "2")
    status, _, err = bisect(project, *workers, "--regrow-bisect", "test_b.py::test_vic")
    assert status == pytest.ExitCode.USAGE_ERROR
    assert "'test_b.py::test_vic' is none of the 4 tests that were collected" in err


def test_a_run_that_does_not_come_to_the_victim_is_told_with_its_output(project: Path) -> None:
    (project / "test_b.py").write_text("import nowhere\n")
    runs = PytestRuns([], project)
    with pytest.raises(rg.errors.RunBroken, match="the run did not get to test_b") as caught:
        runs([VICTIM])
    assert "No module named 'nowhere'" in caught.value.output
