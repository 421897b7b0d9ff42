"""The page of the events: its table is the types', its program runs, and its names exist."""

import re
import subprocess
import sys

import regrow as rg
from regrow.core.events import EVENT_TYPES
from regrow.delivery.deadletters.events import DEAD_LETTER_EVENTS
from tests.docs.blocks import REPOSITORY, program_and_output

TOOL = REPOSITORY / "tools" / "event_table.py"
PAGE = "docs/events.md"


def test_the_table_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(TOOL), "--check"], capture_output=True, text=True, check=False, timeout=20
    )
    assert done.returncode == 0, done.stderr


def test_the_program_prints_what_the_page_says() -> None:
    program, output = program_and_output(PAGE)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == output
    assert "last message: Till.pay(amount='four')" in done.stderr


def test_every_type_is_public_and_no_name_stands_twice() -> None:
    every = (*EVENT_TYPES, *DEAD_LETTER_EVENTS)
    assert all(getattr(rg.events, event.__name__) is event for event in every)
    assert len({event.name for event in every}) == len(every)


def test_the_listings_that_it_names_exist() -> None:
    text = (REPOSITORY / PAGE).read_text()
    names = re.findall(
        r"`(\w+)\(\)`", text.partition("`system.listing` has")[2].partition("`system.statistics")[0]
    )
    assert len(names) == 9
    assert all(hasattr(rg.debug.Listing, name) for name in names)
