"""The two logs of a crash test: what the child tells its parent, and what receivers write down.

The child writes a line to its standard output right after the fact, with one `os.write`; what the parent
has read is what counts. A receiver appends a line to a file of its own, which no kill can take back. At the
start of a run the parent tells the child what to do, as one line of JSON.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

Word: TypeAlias = Literal["opened", "accepted", "failed", "live", "drained", "dead"]
"""First word of the child's lines::

opened                               the journal is open, the load begins
accepted <owed> <status> <in flight> this send came back, with so many operations in flight
failed <owed> <error>                this send was refused
live <n> <followed>                  so many deliveries are left to be done, and so many transactions have
                                     followed another one without the loop
drained                              nothing is left; the child waits for an order
dead <owed> <reason>                 a dead letter, told at the end when there is no file that tells
"""

Event: TypeAlias = Literal["start", "end", "fail", "crash"]

_MARK: Final[dict[Event, str]] = {"start": "S", "end": "E", "fail": "F", "crash": "C"}
_EVENT: Final[dict[str, Event]] = {mark: event for event, mark in _MARK.items()}


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of the child is to do.

    Attributes:
        number: Of this run, from 0.
        first: Where each sender begins.
        again: Names of operations in doubt that are safe to send again, with their old key.
        drain: Send nothing new, finish what is owed, stop cleanly when told.
    """

    number: int
    first: list[int]
    again: list[str]
    drain: bool


class Note(msgspec.Struct, frozen=True, array_like=True):
    """A line of a receiver's file."""

    run: int
    event: Event
    owed: str
    redrives: int


class Notebook:
    """A receiver's file: every line survives the process that wrote it."""

    def __init__(self, folder: Path, receiver: str, run: int) -> None:
        self._file = os.open(folder / f"{receiver}.notes", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._receiver = receiver
        self._run = run

    def write(self, event: Event, name: str, redrives: int) -> None:
        line = f"{self._run} {_MARK[event]} {name}@{self._receiver} {redrives}\n"
        os.write(self._file, line.encode())


def read_notes(text: str) -> list[Note]:
    """The lines of a receiver's file."""
    notes: list[Note] = []
    for line in text.splitlines():
        run, mark, owed, redrives = line.split(" ")
        notes.append(Note(int(run), _EVENT[mark], owed, int(redrives)))
    return notes


def tell(word: Word, *rest: object) -> None:
    """Tell the parent, at once."""
    os.write(1, (" ".join([word, *map(str, rest)]) + "\n").encode())
