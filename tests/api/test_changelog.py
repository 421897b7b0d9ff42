"""The changelog keeps its form and says something about what is not released yet."""

import re
from pathlib import Path

import regrow

CHANGELOG = (Path(__file__).parents[2] / "CHANGELOG.md").read_text()
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def sections() -> dict[str, str]:
    parts = re.split(r"^## \[(.+?)\].*$", CHANGELOG, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_version_has_an_entry() -> None:
    section = "Unreleased" if "dev" in regrow.__version__ else regrow.__version__
    assert re.search(r"^- \S", sections()[section], flags=re.MULTILINE), f"[{section}] says nothing"


def test_only_the_known_kinds_of_change_are_used() -> None:
    assert set(re.findall(r"^### (.+)$", CHANGELOG, flags=re.MULTILINE)) <= KINDS
