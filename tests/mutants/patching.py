"""Patches: unified diffs whose hunks are found by their text, so that lines may move."""

from __future__ import annotations

from pathlib import Path

import msgspec

__all__ = ("PATCHES", "BadPatch", "Hunk", "apply", "hunks_of")

PATCHES = Path(__file__).parent / "patches"


class BadPatch(Exception):
    """A patch that doesn't fit the source any more: write it anew."""


class Hunk(msgspec.Struct, frozen=True):
    """One change of one file: `old` is replaced by `new`."""

    file: str
    old: str
    new: str


def hunks_of(patch: Path) -> list[Hunk]:
    """The changes of a patch, in order."""
    found: list[Hunk] = []
    file = ""
    old: list[str] = []
    new: list[str] = []

    def end() -> None:
        if old or new:
            found.append(Hunk(file, "".join(old), "".join(new)))
        old.clear()
        new.clear()

    for line in patch.read_text().splitlines(keepends=True):
        if line.startswith("--- "):
            end()
        elif line.startswith("+++ "):
            file = line[4:].split("\t")[0].strip().removeprefix("b/")
        elif line.startswith("@@"):
            end()
        elif line[:1] in " -+":
            if line[0] != "+":
                old.append(line[1:])
            if line[0] != "-":
                new.append(line[1:])
    end()
    return found


def apply(patch: Path, root: Path) -> set[Path]:
    """Change the files below `root` as the patch says; all of it or nothing.

    Returns:
        The files that were changed.

    Raises:
        BadPatch: It doesn't fit.
    """
    texts: dict[Path, str] = {}
    hunks = hunks_of(patch)
    if not hunks:
        raise BadPatch(f"{patch.name}: there is no hunk in it")
    for number, hunk in enumerate(hunks, 1):
        path = root / hunk.file
        text = texts[path] if path in texts else path.read_text()
        places = text.count(hunk.old)
        if places != 1:
            raise BadPatch(f"{patch.name}: hunk {number} fits {places} places of {hunk.file}, not 1")
        texts[path] = text.replace(hunk.old, hunk.new)
    for path, text in texts.items():
        path.write_text(text)
    return set(texts)
