"""A cut while a new journal is made leaves part of a file and the journal that rolls it back."""

from __future__ import annotations

import random
from pathlib import Path

from tests.power.disk import SECTOR, Disk, Write
from tests.power.examine import Cut, examine
from tests.power.record import NAME, Progress, record


def test_part_of_the_first_page_is_no_damage(tmp_path: Path) -> None:
    (tmp_path / "record").mkdir()
    made = record("new", "power", tmp_path / "record")
    first = next(n for n, event in enumerate(made.events) if isinstance(event, Write) and event.file == 1)
    disk = Disk()
    for event in made.events[: first + 1]:
        disk.apply(event)
    image = disk.image("nothing", random.Random(1))
    assert set(image) == {NAME, f"{NAME}-journal"}
    for size in range(SECTOR, 4096, SECTOR):
        folder = tmp_path / str(size)
        folder.mkdir()
        cut = Cut("first page", {**image, NAME: image[NAME][:size]}, "tail", Progress())
        found = examine(cut, made, folder, "power")
        assert (found.problems, found.state) == ([], 0)
