"""Each step of the testing guide is a file that runs, and pytest says of it what stands beneath it."""

import pytest

from tests.docs.blocks import Block, blocks_of
from tests.plugin.project import PYPROJECT, QUIET

pytest_plugins = ["pytester"]

PAGE = "docs/testing-guide.md"


def name_of(block: Block) -> str:
    """The file that a block is: its first line says so."""
    first = block.text.partition("\n")[0]
    return "pyproject.toml" if block.language == "toml" else first.removeprefix("# ")


def test_the_steps(pytester: pytest.Pytester) -> None:
    (pytester.path / "pyproject.toml").write_text(PYPROJECT)
    steps = 0
    test = ""
    blocks = blocks_of(PAGE)
    for block, following in zip(blocks, [*blocks[1:], Block("", "")], strict=True):
        if block.language == "text":
            continue
        settings = PYPROJECT if block.language == "toml" else ""
        (pytester.path / name_of(block)).write_text(block.text + settings)
        if name_of(block).startswith("test_"):
            steps += 1
            test = name_of(block)
            assert following.language == "text", f"a test is followed by what pytest says: {test}"
        if following.language != "text":
            continue
        result = pytester.runpytest_inprocess(*QUIET, test)  # the same one again if its subject is new
        said = result.stdout.str().replace(f"{pytester.path}/", "")
        *lines, counts = following.text.splitlines()
        assert [line for line in lines if line not in said] == [], said
        assert f"= {counts} in " in said
    assert steps == 6


def test_the_last_steps_have_no_sleeps_of_its_own() -> None:
    tests = [block.text for block in blocks_of(PAGE) if name_of(block).startswith("test_")]
    assert ["asyncio.sleep(" in text for text in tests] == [True, True, True, False, False, False]
