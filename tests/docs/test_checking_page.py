"""What the page of the linter, and the README's section on it, show is what the commands print."""

from pathlib import Path

from regrow.lint.commands import COMMANDS
from regrow.lint.formats import FORMATS
from regrow.lint.settings import Settings
from tests.docs.blocks import REPOSITORY, blocks_in, blocks_of
from tests.docs.transcripts import play

PAGE = "docs/checking.md"
SECTION = "## Check the code you have\n"


def test_the_session(tmp_path: Path) -> None:
    assert play(blocks_of(PAGE), tmp_path) >= 6


def test_the_readmes_two_commands(tmp_path: Path) -> None:
    section = (REPOSITORY / "README.md").read_text().partition(SECTION)[2].partition("\n## ")[0]
    assert play(blocks_in(section), tmp_path) == 2


def test_all_settings_commands_and_formats_are_named() -> None:
    page = (REPOSITORY / PAGE).read_text()
    keys = [one.replace("_", "-") for one in Settings._fields]
    names = [*keys, *FORMATS, *(f"regrow {command}" for command in COMMANDS)]
    assert [name for name in names if f"`{name}" not in page] == []
