"""Fenced code blocks of a Markdown file."""

import re
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).parents[2]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block: its language and its text."""

    language: str
    text: str


def blocks_of(document: str) -> list[Block]:
    """The blocks of a document of the repository, in order."""
    return [Block(*found) for found in _FENCE.findall((REPOSITORY / document).read_text())]


def program_and_output(document: str) -> tuple[str, str]:
    """The first Python program of a document, and the block after it: what it prints."""
    blocks = blocks_of(document)
    first = next(index for index, block in enumerate(blocks) if block.language == "python")
    return blocks[first].text, blocks[first + 1].text
