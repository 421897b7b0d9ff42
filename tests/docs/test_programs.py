"""Every Python block of the README and the documentation is a program that prints what stands beneath it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import DOCUMENTS, Program, blocks_of, programs_of

PROGRAMS = [program for document in DOCUMENTS for program in programs_of(document)]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: f"{program.document}-{program.number}")
def test_a_program_prints_what_is_shown(program: Program, tmp_path: Path) -> None:
    assert program.output is not None, "a python block needs a text block after it: what it prints"
    file = tmp_path / "program.py"
    file.write_text(program.text)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(file)], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.stdout == program.output
    assert done.returncode == 0, done.stderr


def test_there_are_programs_where_readers_begin() -> None:
    assert {"README.md", "docs/quickstart.md", "docs/events.md"} <= {program.document for program in PROGRAMS}


def test_no_code_is_shown_in_another_way() -> None:
    """As a block without a language, it would not be run. `py` and `toml`: see tests/plugin/test_page.py."""
    shown = {block.language.partition(" ")[0] for document in DOCUMENTS for block in blocks_of(document)}
    named = {"python", "py", "toml", "yaml", "text", "sh"}
    assert shown <= named | {"{toctree}", "{eval-rst}", "{literalinclude}"}


def test_the_readmes_program_is_short() -> None:
    program = next(programs_of("README.md"))
    assert 20 <= len([line for line in program.text.splitlines() if line.strip()]) <= 30


def test_the_readme_names_the_two_commands() -> None:
    shell = [block.text for block in blocks_of("README.md") if block.language == "sh"]
    assert [line.split("#")[0].strip() for line in shell[0].splitlines()] == ["make demo", "make test"]
