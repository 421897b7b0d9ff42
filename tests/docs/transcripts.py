"""Sessions that documents show: files, and what commands print about them."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.docs.blocks import Block

_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b|\b\d{8}-\d{6}\b")


def play(blocks: list[Block], folder: Path) -> int:
    """Write the files, run the commands, and compare; how many commands there were.

    A block of ``py`` or ``toml`` is a file, whose first line is its name in a comment. A block of text that
    begins with ``$ `` is a session: each such line a command, and what it prints on both outputs. Days and
    ids made of them are masked. All of it happens in `folder`.
    """
    commands = 0
    for block in blocks:
        if block.language in ("py", "toml"):
            file = folder / block.text.partition("\n")[0].removeprefix("# ")
            file.parent.mkdir(exist_ok=True)
            file.write_text(block.text)
        elif block.language == "text" and block.text.startswith("$ "):
            _, *steps = re.split(r"^\$ (.+)\n", block.text, flags=re.MULTILINE)
            for command, shown in zip(steps[::2], steps[1::2], strict=True):
                assert _masked(_printed(command, folder)) == _masked(shown), command
                commands += 1
    return commands


def _printed(command: str, folder: Path) -> str:
    program, *arguments = shlex.split(command)
    assert program == "regrow", command
    done = subprocess.run(
        [sys.executable, "-m", "regrow", *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=30,
    )
    return done.stdout


def _masked(text: str) -> str:
    return _DAY.sub("DAY", text).strip("\n")
