"""What a run doesn't need isn't imported: half of a short run is its start."""

import subprocess
import sys
from pathlib import Path

import regrow

SOURCES = Path(str(regrow.__file__)).parents[1]
COSTLY = frozenset(
    {
        *("dataclasses", "inspect", "pkgutil", "difflib", "traceback", "importlib.metadata"),
        *("json", "hashlib", "tempfile", "random", "shutil", "multiprocessing", "concurrent", "asyncio"),
        *("regrow.errors.testing", "regrow.lint.cache", "regrow.lint.pool", "regrow.lint.describing"),
        *("regrow.lint.ratchet", "regrow.lint.audit", "regrow.lint.migrate", "regrow.lint.mending"),
    }
)
PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from regrow.lint.command import main
code = main(["check", *sys.argv[2:]])
sys.stderr.write("\\n".join(["", *sys.modules]))
raise SystemExit(code)
"""


def loaded(folder: Path, *arguments: str) -> set[str]:
    """The modules of a run that finds something, where nothing is installed."""
    (folder / "a.py").write_text("import asyncio\n\nasync def f(g):\n    asyncio.create_task(g())\n")
    done = subprocess.run(
        [sys.executable, "-ISc", PROGRAM, str(SOURCES), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 1, done.stderr
    assert "RG101" in done.stdout
    return set(done.stderr.split())


def test_a_run_without_a_cache_imports_nothing_costly(tmp_path: Path) -> None:
    assert loaded(tmp_path, "--no-cache") & COSTLY == set()


def test_a_run_with_a_cache_imports_what_that_takes_and_no_more(tmp_path: Path) -> None:
    extra = {"json", "hashlib", "tempfile", "random", "shutil", "regrow.lint.cache"}
    assert loaded(tmp_path) & COSTLY == extra
