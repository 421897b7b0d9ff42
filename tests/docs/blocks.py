"""Fenced code blocks of Markdown files."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = [
    path.relative_to(REPOSITORY).as_posix()
    for path in sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md")])
]

_FENCE = re.compile(r"^```([^`\n]*)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block: its language and its text."""

    language: str
    text: str


class Program(NamedTuple):
    """A Python block of a document, and the text of the block after it: what it prints."""

    document: str
    number: int
    text: str
    output: str | None


def blocks_of(document: str) -> list[Block]:
    """The blocks of a document of the repository, in order."""
    return blocks_in((REPOSITORY / document).read_text())


def blocks_in(text: str) -> list[Block]:
    """The blocks of a text in Markdown, in order."""
    return [Block(*found) for found in _FENCE.findall(text)]


def programs_of(document: str) -> Iterator[Program]:
    """All Python programs of a document; the output is None where no block of text comes next."""
    blocks = blocks_of(document)
    following = [*blocks, Block("", "")][1:]
    python = [pair for pair in zip(blocks, following, strict=True) if pair[0].language == "python"]
    for number, (block, after) in enumerate(python, 1):
        yield Program(document, number, block.text, after.text if after.language == "text" else None)


def program_and_output(document: str) -> tuple[str, str]:
    """The first Python program of a document, and what it prints."""
    first = next(programs_of(document))
    assert first.output is not None
    return first.text, first.output
