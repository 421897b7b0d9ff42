"""The table of all events in docs/events.md, out of the event types themselves.

Run: python tools/event_table.py --check | --write
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from regrow.core.events import EVENT_TYPES, Event
from regrow.delivery.deadletters.events import DEAD_LETTER_EVENTS

PAGE = Path(__file__).parents[1] / "docs" / "events.md"
BEGIN = "<!-- the table is written by tools/event_table.py -->"
END = "<!-- end of the table -->"


def table() -> str:
    """All events in the order of their modules, one row each."""
    rows = [
        f"| `{event.name}` | `{event.__name__}` | {_fields(event)} | {_meaning(event)} |"
        for event in (*EVENT_TYPES, *DEAD_LETTER_EVENTS)
    ]
    return "\n".join(["| name | type | fields | what happened |", "|---|---|---|---|", *rows])


def _fields(event: type[Event]) -> str:
    return ", ".join(f"`{name}`" for name in _own_fields(event))


def _own_fields(event: type[Event]) -> Iterator[str]:
    return (field.name for field in msgspec.structs.fields(event) if field.name != "at")


def _meaning(event: type[Event]) -> str:
    return " ".join((event.__doc__ or "").split()).replace("|", "\\|")


def page() -> str:
    """The page with its table as it has to be."""
    text = PAGE.read_text()
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{table()}\n\n{END}{tail}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", action="store_true", help="fail when the page is not up to date")
    what.add_argument("--write", action="store_true", help="write it anew")
    wanted = parser.parse_args()
    now = page()
    if wanted.write:
        PAGE.write_text(now)
    elif PAGE.read_text() != now:
        print("docs/events.md: not up to date; run python tools/event_table.py --write", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
