"""What the operator's guide shows is what the command prints, but for times and ids."""

import re
import subprocess
import sys

from tests.docs.blocks import REPOSITORY, blocks_of

PAGE = "docs/operations.md"
EXAMPLE = REPOSITORY / "examples" / "dead_letters.py"
MASKS = [
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ"), "TIME"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "MESSAGE"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "FINGERPRINT"),
    (re.compile(r"after \d+\.\d s"), "after N s"),
    (re.compile(r"oldest +\d+ s"), "oldest N s"),
    (re.compile(r"(?<=last\):\n)(?:  .*\n)+"), "  ...\n"),
]


def masked(text: str) -> str:
    for pattern, name in MASKS:
        text = pattern.sub(name, text)
    return text.rstrip()


def test_the_transcript_is_what_the_example_prints() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLE)], capture_output=True, text=True, check=False, timeout=50
    )
    assert (done.returncode, done.stderr) == (0, "")
    head, *steps = re.split(r"^(?=\$ )", done.stdout, flags=re.MULTILINE)
    shown = [masked(block.text) for block in blocks_of(PAGE) if block.language == "text"]
    assert shown[0] == masked(head)
    assert shown[1:] == [masked(step) for step in steps]


def test_every_command_of_the_page_exists() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "regrow", "dlq", "--help"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    text = (REPOSITORY / "docs" / "command.md").read_text()
    named = set(re.findall(r"^`regrow dlq (\w+)", text, flags=re.MULTILINE))
    there = set(re.findall(r"^  (\w+)  +\w", done.stdout.partition("Commands:")[2], flags=re.MULTILINE))
    assert named == there
