"""The migration guide: the linter says of each pattern what stands there, and of its mended form nothing."""

import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import pytest

from regrow.lint.configuration import Configuration
from regrow.lint.formats import rendered
from regrow.lint.run import check_paths
from tests.docs.blocks import REPOSITORY, Block, blocks_in, blocks_of
from tests.plugin.project import PYPROJECT, QUIET

pytest_plugins = ["pytester"]

PAGE = "docs/migration.md"
SWITCHED_ON = PYPROJECT + "\n[tool.regrow.test]\n"
FINDING = re.compile(r"^\w+\.py:\d+:\d+: (RG\d{3}) ")
NOT_FOUND = {"Retries by hand"}
"""Patterns that no rule is about."""


class Shown(NamedTuple):
    """A block of code, and the blocks of text beneath it."""

    code: Block
    findings: str
    others: list[str]

    @property
    def name(self) -> str:
        """The file that it is."""
        first = self.code.text.partition("\n")[0]
        return first.removeprefix("# ") if self.code.language == "py" else "before.py"


def shown_in(blocks: list[Block]) -> Iterator[Shown]:
    for number, block in enumerate(blocks, 1):
        if block.language == "text":
            continue
        texts = [one.text for one in takewhile(lambda one: one.language == "text", blocks[number:])]
        findings = [text for text in texts if FINDING.match(text)]
        yield Shown(block, "".join(findings), [text for text in texts if text not in findings])


def sections() -> dict[str, list[Shown]]:
    _, *parts = re.split(r"^## (.+)\n", (REPOSITORY / PAGE).read_text(), flags=re.MULTILINE)
    return {
        title: list(shown_in(blocks_in(text))) for title, text in zip(parts[::2], parts[1::2], strict=True)
    }


SECTIONS = sections()


def checked(shown: Shown) -> str:
    """What the linter says of it, in a file of the working directory."""
    file = Path.cwd() / shown.name
    file.write_text(shown.code.text)
    report = check_paths([file], Configuration(file.parent))
    return "".join(f"{line}\n" for line in rendered(report, "concise") if FINDING.match(line))


@pytest.mark.parametrize("title", SECTIONS)
def test_the_linter_finds_what_stands_there(
    title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for shown in SECTIONS[title]:
        assert checked(shown) == shown.findings


def test_every_pattern_is_found_and_mended() -> None:
    found = {title for title, pattern in SECTIONS.items() if any(shown.findings for shown in pattern)}
    assert set(SECTIONS) - found == NOT_FOUND
    assert [title for title, pattern in SECTIONS.items() if pattern[-1].findings] == []


def test_the_tests_say_what_stands_beneath_them(pytester: pytest.Pytester) -> None:
    (pytester.path / "pyproject.toml").write_text(SWITCHED_ON)
    ran = 0
    for shown in shown_in(blocks_of(PAGE)):
        if shown.code.language != "py":
            continue
        (pytester.path / shown.name).write_text(shown.code.text)
        if shown.name.startswith("test_"):
            result = pytester.runpytest_inprocess(*QUIET, shown.name)
            assert [f"= {counts.strip()} in " in result.stdout.str() for counts in shown.others] == [True]
            ran += 1
    assert ran == 6
