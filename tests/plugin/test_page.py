"""The example on the page of the test kit is a project; pytest says of it what stands there."""

import re

import pytest

from tests.docs.blocks import REPOSITORY, blocks_of
from tests.plugin.project import PYPROJECT, QUIET

pytest_plugins = ["pytester"]

PAGE = "docs/test-kit.md"


def test_the_example(pytester: pytest.Pytester) -> None:
    blocks = blocks_of(PAGE)
    start = next(number for number, block in enumerate(blocks) if block.language == "toml")
    settings, tests, told = blocks[start : start + 3]
    assert (tests.language, told.language) == ("py", "text")
    (pytester.path / "pyproject.toml").write_text(settings.text + PYPROJECT)
    (pytester.path / "test_limiter.py").write_text(tests.text)
    result = pytester.runpytest_inprocess(*QUIET)
    said = result.stdout.str().replace(f"{pytester.path}/", "")
    missing = [line for line in told.text.splitlines() if line not in said]
    assert missing == []


def test_the_table_of_settings_is_whole() -> None:
    text = (REPOSITORY / PAGE).read_text()
    section = text.partition("### Settings")[2].partition("###")[0]
    rows = re.findall(r"^\| `([\w-]+)` \| (.+?) \|", section, flags=re.MULTILINE)
    shown = {key: values.split("; default")[0] for key, values in rows}
    assert shown == wanted()


def wanted() -> dict[str, str]:
    """The settings that the plugin knows, as the page shows them."""
    from _regrow_pytest import CHOICES, SECONDS

    def toml(value: object) -> str:
        return f'"{value}"' if isinstance(value, str) else str(value).lower()

    rows = {key: ", ".join(f"`{toml(one)}`" for one in values) for key, values in CHOICES.items()}
    return rows | {key: f"`{seconds}`" for key, seconds in SECONDS.items()} | {"package": '`"myapp"`'}
