"""What came of files that haven't changed since, by their content.

A finding is a matter of a file's bytes and place, the rules' own source, the settings, Python's version
and what is known of the project. All of that goes into the keys, so nothing in a cache is ever out of date.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeAlias, cast

from regrow.lint.checker import Checker, Outcome, digest_of
from regrow.lint.discovery import Source
from regrow.lint.model import Edit, Finding, Fix, Safety, Severity
from regrow.lint.outlines import gather
from regrow.lint.project import Project
from regrow.lint.regular import oddity
from regrow.lint.replacing import replacing

NAME: Final = ".regrow_cache"
_TAG: Final = """\
Signature: 8a477f597d28d172789f06886806bc55
# Made by `regrow check`; it can be deleted at any time. See https://bford.info/cachedir/
"""
_KEPT: Final = 8
"""How many caches a folder has: one for each of the settings and options that were used last."""
_PROJECTS: Final = 8

Json: TypeAlias = list["Json"] | dict[str, "Json"] | str | int | None


class Cache:
    """The outcomes of earlier runs with the same rules and settings.

    Args:
        root: The folder that gets a folder `.regrow_cache`.
        checker: The rules and settings, making digests.

    Attributes:
        warning: Why it isn't used or couldn't be written, in one line; empty if all is well.
    """

    def __init__(self, root: Path, checker: Checker) -> None:
        self.warning: str = ""
        self._checker = checker
        self._root = root.absolute()
        self._folder = self._root / NAME
        self._file = self._folder / f"{_key(checker)}.json"
        self._files: dict[str, Json] = {}
        self._projects: dict[str, Json] = {}
        self._changed = False
        self._seen: set[str] = set()
        self._load()

    def known(self, sources: Sequence[Source]) -> dict[Source, Outcome]:
        """What is known of files that haven't changed; the checker gets to know the project."""
        digests: dict[Source, str] = {}
        contents = self._checker.contents
        for source in sources:
            try:
                digests[source] = digest_of(contents.look(source))
            except OSError:
                continue  # the checker says why
        state = _state_of(digests)
        known = self._project(state)
        self._checker.project = gather(sources, contents) if known is None else known
        if known is None:
            self._keep_project(state, self._checker.project)
        project = _digest_of_project(self._checker.project)
        outcomes = ((source, self._get(source, digest, project)) for source, digest in digests.items())
        return {source: outcome for source, outcome in outcomes if outcome is not None}

    def _project(self, state: str) -> Project | None:
        """What was gathered from files, all of them in this state; None if it isn't known."""
        kept = self._projects.get(state)
        if not isinstance(kept, list):
            return None
        bases, queries = cast("tuple[dict[str, list[str]], dict[str, dict[str, str]]]", kept)
        return Project({name: tuple(one) for name, one in bases.items()}, queries)

    def _keep_project(self, state: str, project: Project) -> None:
        bases: Json = {name: list(bases) for name, bases in project.bases.items()}
        queries: Json = {name: dict(calls) for name, calls in project.queries.items()}
        self._projects[state] = [bases, queries]
        for old in list(self._projects)[:-_PROJECTS]:
            del self._projects[old]
        self._changed = True

    def _get(self, source: Source, digest: str, project: str) -> Outcome | None:
        """What came of a file with these bytes; None if that isn't known."""
        self._seen.add(source.relative)
        known = self._files.get(source.relative)
        if not isinstance(known, list) or known[0] != _mark(source, digest, project):
            return None
        _, lines, spared, findings = known
        made = tuple(_finding(source.path, one) for one in cast("list[list[Json]]", findings))
        return Outcome(made, lines=cast("int", lines), spared=bool(spared), digest=digest)

    def keep(self, outcomes: Mapping[Source, Outcome]) -> None:
        """Keep what came of files, except where a rule failed or a file couldn't be read."""
        project = _digest_of_project(self._checker.project)
        for source, outcome in outcomes.items():
            if outcome.digest and not outcome.failures:
                mark = _mark(source, outcome.digest, project)
                findings: Json = [_plain(one) for one in outcome.findings]
                self._files[source.relative] = [mark, outcome.lines, int(outcome.spared), findings]
                self._changed = True

    def save(self) -> None:
        """Write it, if anything changed; what can't be written is told in `warning`."""
        if not self._changed:
            return
        for relative in self._files.keys() - self._seen:
            if not (self._root / relative).exists():
                del self._files[relative]
        data = json.dumps({"files": self._files, "projects": self._projects}, separators=(",", ":")).encode()
        try:
            self._folder.mkdir(exist_ok=True)
            for name, text in ((".gitignore", "*\n"), ("CACHEDIR.TAG", _TAG)):
                if not (self._folder / name).exists():
                    _write(self._folder / name, text.encode())
            _write(self._file, digest_of(data).encode() + b"\n" + data)
            self._forget_old()
        except OSError as error:
            self.warning = f"{self._folder} can't be written: {error.strerror}; `--no-cache` does without"

    def _load(self) -> None:
        odd = oddity(self._file)
        if odd is not None:
            self.warning = f"{self._file} can't be read: {odd}; all files are checked"
            return
        try:
            digest, _, data = self._file.read_bytes().partition(b"\n")
        except FileNotFoundError:
            return
        except OSError as error:
            self.warning = f"{self._file} can't be read: {error.strerror}; all files are checked"
            return
        if digest != digest_of(data).encode():
            self.warning = f"{self._file} is corrupt: all files are checked, and it is written anew"
            self._changed = True
            return
        document = cast("dict[str, dict[str, Json]]", json.loads(data))
        self._files, self._projects = document["files"], document["projects"]

    def _forget_old(self) -> None:
        ages: list[tuple[int, Path]] = []
        for file in self._folder.glob("*.json"):
            with suppress(FileNotFoundError):  # another run forgets as well
                ages.append((file.stat().st_mtime_ns, file))
        for _, file in sorted(ages, reverse=True)[_KEPT:]:
            file.unlink(missing_ok=True)


def _state_of(digests: Mapping[Source, str]) -> str:
    """What is known of a project goes by: the names and bytes of all files."""
    listed = (f"{source.relative}\0{source.module}\0{digest}\0" for source, digest in digests.items())
    return digest_of("".join(listed).encode(errors="surrogateescape"))


def _digest_of_project(project: Project) -> str:
    """What a project's facts are known by."""
    return digest_of(repr((sorted(project.bases.items()), sorted(project.queries.items()))).encode())


def _write(file: Path, data: bytes) -> None:
    with replacing(file) as made:
        made.write_bytes(data)


def _key(checker: Checker) -> str:
    """The rules' sources, those of what they stand on, the settings, and Python's version."""
    hashed = hashlib.blake2b(f"{sys.version}\0{checker.settings!r}\0".encode(), digest_size=16)
    modules = {sys.modules[type(rule).__module__].__file__ for rule in checker.rules}
    own = Path(__file__).parent
    others = sorted(Path(one) for one in modules if one and not Path(one).is_relative_to(own))
    for file in (*sources_of(own), *others):
        hashed.update(f"\0{file.name}\0".encode(errors="surrogateescape") + file.read_bytes())
    return hashed.hexdigest()


def sources_of(folder: Path) -> Iterable[Path]:
    """The source files of the rules and of what they stand on."""
    return sorted(folder.rglob("*.py"))


def _mark(source: Source, digest: str, project: str) -> str:
    return f"{digest}:{source.role}:{source.module}:{project}"


def _plain(finding: Finding) -> Json:
    one, fix = finding, finding.fix
    mended: Json = None
    if fix is not None:
        edits: Json = [[edit.start, edit.end, edit.text] for edit in fix.edits]
        mended = [fix.message, edits, fix.safety.value, list(fix.imports)]
    place: list[Json] = [one.line, one.column, one.end_line, one.end_column]
    return [one.code, one.name, one.message, *place, one.severity.value, one.scope, one.text, mended]


def _finding(path: str, plain: list[Json]) -> Finding:
    code, name, message, line, column, end_line, end_column, severity, scope, text, fix = plain
    texts = cast("tuple[str, str, str]", (code, name, message))
    place = cast("tuple[int, int, int, int]", (line, column, end_line, end_column))
    level, where = Severity(cast("str", severity)), cast("tuple[str, str]", (scope, text))
    made = None if fix is None else _fix(cast("tuple[str, list[list[Json]], str, list[str]]", fix))
    return Finding(*texts, path, *place, level, *where, made)


def _fix(plain: tuple[str, list[list[Json]], str, list[str]]) -> Fix:
    message, edits, safety, imports = plain
    made = tuple(Edit(*cast("tuple[int, int, str]", edit)) for edit in edits)
    return Fix(message, made, Safety(safety), tuple(imports))
