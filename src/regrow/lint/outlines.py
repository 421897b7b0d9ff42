"""What the files of a project define and import, told by their lines; few of them are parsed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from regrow.lint.contents import Contents
from regrow.lint.discovery import Source
from regrow.lint.facts.queries import queries_of
from regrow.lint.facts.servers import ACTORS, LIBRARIES, SERVERS
from regrow.lint.file import SourceFile
from regrow.lint.model import Role
from regrow.lint.parsing import parse
from regrow.lint.project import Project

# A line feed first: what begins with a constant is searched for many times faster than `^`.
_CLASS: Final = re.compile(rb"\nclass[ \t]+(\w+)[ \t]*(?:\[[^\]\n]*\][ \t]*)?\(([^)]*)\)")
_FROM: Final = re.compile(rb"\n[ \t]*from[ \t]+([.\w]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n#]*)")
_IMPORT: Final = re.compile(rb"\n[ \t]*import[ \t]+([^\n#]*)")
_COMMENT: Final = re.compile(r"#[^\n]*|\\\n")
_SUBSCRIPT: Final = re.compile(r"\[[^\[\]]*\]")
_QUERY: Final = re.compile(
    rb"\n[ \t]+@[\w.]*call\b[^\n]*\n[ \t]+def[ \t]+\w+\([ \t]*\w+[ \t]*\)[^\n]*:[^\n]*\n"
    rb'(?:[ \t]+"""[^"]*"""[ \t\r]*\n)?[ \t]+return[ \t]+\w+\.\w+[ \t\r]*(?:#[^\n]*)?(?:\n|\Z)'
)
"""Too much rather than too little: what has one is parsed, which takes a hundred times as long."""
_DOTTED: Final = re.compile(r"[^\W\d][\w.]*\Z")


def gather(sources: Sequence[Source], contents: Contents | None = None) -> Project:
    """What files tell each other of the classes that are processes.

    A file that can't be read tells nothing: that is said where it is checked.

    Args:
        sources: The files.
        contents: What was read of them, and keeps what is read now. Default: that is read again.
    """
    contents = contents or Contents()
    missing = set(LIBRARIES)
    for source in sources:
        data = _data(source, contents)
        missing -= {library for library in missing if library in data}
        if not missing:
            break
    absent = frozenset(library.decode() for library in missing)
    if len(absent) == len(LIBRARIES):
        return Project(absent=absent)
    outlines = Outlines()
    queries: dict[str, dict[str, str]] = {}
    for source in sources:
        data = _data(source, contents)
        outlines.add(data, source.module, package=source.file.stem == "__init__")
        queries |= _queries(data, source)
    project = outlines.project((*SERVERS, *ACTORS))
    return project._replace(queries=dict(sorted(queries.items())), absent=absent)


def _queries(data: bytes, source: Source) -> dict[str, dict[str, str]]:
    """What others may ask servers for; those of a file of tests are its own affair."""
    if source.role is Role.TEST or b"regrow" not in data or not _QUERY.search(data):
        return {}
    file = parse(data, source.path, module=source.module)
    try:
        return queries_of(file) if isinstance(file, SourceFile) else {}
    except RecursionError:  # the rules say so
        return {}


class Outlines:
    """What files define and import, told by a look at their lines."""

    def __init__(self) -> None:
        self._below: dict[str, set[str]] = {}
        self._stars: dict[str, set[str]] = {}

    def add(self, data: bytes, module: str, *, package: bool = False) -> None:
        """Take in a file.

        Args:
            data: Its bytes.
            module: Its dotted name.
            package: Whether it is a package's ``__init__``.
        """
        data = b"\n" + data.replace(b"\r\n", b"\n")
        imported: dict[str, str] = {}
        stars = self._stars.setdefault(module, set())
        for source, names in _FROM.findall(data):
            base = _absolute(source.decode(errors="replace"), module, package=package)
            imported |= {alias: f"{base}.{name}" for name, alias in _aliases(names)}
            if imported.pop("*", None) is not None:
                stars.add(base)
        for alias, meaning in imported.items():
            self._derives(f"{module}.{alias}", meaning)
        if classes := _CLASS.findall(data):
            imported |= _modules(data)
            self._add_classes(classes, module, imported, stars)

    def _add_classes(
        self, classes: list[tuple[bytes, bytes]], module: str, imported: dict[str, str], stars: set[str]
    ) -> None:
        known = {name.decode(): f"{module}.{name.decode()}" for name, _ in classes} | imported
        for name, inside in classes:
            for base in _bases(inside):
                head, dot, tail = base.partition(".")
                heads = [known[head]] if head in known else [f"{star}.{head}" for star in stars]
                for one in heads:
                    self._derives(f"{module}.{name.decode()}", one + dot + tail)

    def _derives(self, name: str, base: str) -> None:
        self._below.setdefault(base, set()).add(name)

    def project(self, roots: Iterable[str]) -> Project:
        """What there is to know of the classes that derive from some qualified classes."""
        importers: dict[str, set[str]] = {}
        for module, stars in self._stars.items():
            for star in stars:
                importers.setdefault(star, set()).add(module)
        found: dict[str, set[str]] = {}
        left = list(roots)
        while left:
            one = left.pop()
            home, _, last = one.rpartition(".")
            again = (f"{module}.{last}" for module in importers.get(home, ()))
            for name in (*self._below.get(one, ()), *again):
                if name != one and one not in found.setdefault(name, set()):
                    found[name].add(one)
                    left.append(name)
        return Project({name: tuple(sorted(found[name])) for name in sorted(found)})


def _bases(inside: bytes) -> Iterator[str]:
    """The names in a class's parentheses, without what is subscripted, and without keywords."""
    text = _COMMENT.sub("", inside.decode(errors="replace"))
    while "[" in text and (shorter := _SUBSCRIPT.sub("", text)) != text:
        text = shorter
    for part in text.split(","):
        if _DOTTED.match(name := part.strip()):
            yield name


def _modules(data: bytes) -> dict[str, str]:
    """The names that ``import`` statements bind, and what they stand for."""
    known: dict[str, str] = {}
    for names in _IMPORT.findall(data):
        for name, alias in _aliases(names):
            first = name.partition(".")[0]
            known |= {first: first} if alias == name else {alias: name}
    return known


def _aliases(names: bytes) -> Iterator[tuple[str, str]]:
    """What an import statement names, and the name that it gets."""
    text = _COMMENT.sub("", names.decode(errors="replace")).strip("() \t\r\n;")
    for part in text.split(","):
        words = part.split()
        if len(words) == 3 and words[1] == "as":
            yield words[0], words[2]
        elif len(words) == 1:
            yield words[0], words[0]


def _absolute(source: str, module: str, *, package: bool) -> str:
    level = len(source) - len(source.lstrip("."))
    if not level:
        return source
    parts = module.split(".") if module else []
    kept = parts[: len(parts) - level + package]
    return ".".join((*kept, *filter(None, (source[level:],))))


def _data(source: Source, contents: Contents) -> bytes:
    try:
        return contents.look(source)
    except OSError:
        return b""
