"""The first programs of the README and the quickstart do what the text beneath them says."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import blocks_of, program_and_output


@pytest.mark.parametrize("document", ["README.md", "docs/quickstart.md"])
def test_the_first_program_prints_what_is_shown(document: str, tmp_path: Path) -> None:
    program, output = program_and_output(document)
    file = tmp_path / "program.py"
    file.write_text(program)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(file)], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.stdout == output
    assert done.returncode == 0, done.stderr


def test_the_readme_program_is_short() -> None:
    program, _ = program_and_output("README.md")
    assert 20 <= len([line for line in program.splitlines() if line.strip()]) <= 30


def test_the_readme_names_the_two_commands() -> None:
    shell = [block.text for block in blocks_of("README.md") if block.language == "sh"]
    assert [line.split("#")[0].strip() for line in shell[0].splitlines()] == ["make demo", "make test"]
