"""Index the standard library with workers that crash, in a program that is killed three times.

Run: make demo

    python examples/index_stdlib.py [--seed 7] [--kills 3] [--workers 4] [--json]

The outer process lists every `.py` file of the running Python's standard library, starts the inner
one, kills it with SIGKILL three times in the middle of its work, and checks what came of it against
an index that it computes itself, one file after the other. The inner process is this tree:

    journal             what was accepted and isn't done yet; the dead letters
    ├── index           persistent: the index so far, each file in it once
    ├── feeder          persistent: how far it is in the list of files
    └── worker-0 .. 3   each parses the files that it is sent; knows nothing of errors

A worker crashes on one file in fifty for no reason, and on every file that can't be parsed. Nothing
in the program says what then: the supervisor starts it again, the journal hands the file out again,
and a file that kills its worker time and again becomes a dead letter. Then "the bug is mended" (the
workers learn to count the lines of what they can't parse), the dead letters are redriven, and the
index is complete.
"""

import argparse
import ast
import asyncio
import json
import logging
import random
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from math import inf
from pathlib import Path

import msgspec

import regrow as rg

ROOT = Path(sysconfig.get_path("stdlib"))
CLEAR = "\r\x1b[K" if sys.stdout.isatty() else ""


class Entry(msgspec.Struct, frozen=True):
    definitions: int
    imports: int
    lines: int


class Added(msgspec.Struct, frozen=True):
    path: str
    entry: Entry


class Progress(msgspec.Struct):
    fed: int = 0


class Entries(msgspec.Struct):
    files: dict[str, Entry] = {}
    added: int = 0


def measure(source: bytes) -> Entry:
    nodes = list(ast.walk(ast.parse(source)))
    return Entry(
        definitions=sum(isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for n in nodes),
        imports=sum(isinstance(n, ast.Import | ast.ImportFrom) for n in nodes),
        lines=source.count(b"\n"),
    )


def measure_mended(source: bytes) -> Entry:
    try:
        return measure(source)
    except (SyntaxError, ValueError):
        return Entry(definitions=0, imports=0, lines=source.count(b"\n"))


# -- the inner process: the work -----------------------------------------------------------------


@rg.persistent(Entries)
class Index(rg.EventSourced[Added]):
    state: Entries

    def apply(self, event: Added) -> None:
        self.state.files[event.path] = event.entry
        self.state.added += 1

    @rg.cast
    def add(self, path: str, entry: Entry) -> None:
        self.persist(Added(path, entry))

    @rg.call
    def size(self) -> int:
        return len(self.state.files)

    @rg.call
    def all(self) -> Entries:
        return self.state


class Worker(rg.GenServer):
    def init(self, *, mended: bool) -> None:
        self.measure = measure_mended if mended else measure

    @rg.cast
    async def parse(self, path: str) -> None:
        if random.random() < 0.02:
            raise OSError("no reason at all")
        entry = self.measure((ROOT / path).read_bytes())
        index = self.system.ref("index", Index)
        # Should this worker die before its own message is settled, the file is parsed again; the key
        # sees to it that it is in the index once.
        await rg.supervised_send(
            index, Index.add(path, entry), timeout=30.0, durable=True, ack="accepted", idempotency_key=path
        )


@rg.persistent(Progress)
class Feeder(rg.GenServer):
    state: Progress

    def init(self, paths: list[str], workers: int) -> None:
        self.paths = paths
        self.workers = workers

    @rg.call
    async def feed(self, count: int) -> int:
        """Send the next files to the workers; how many are left. All of it is committed, or nothing."""
        start = self.state.fed
        for number, path in enumerate(self.paths[start : start + count], start):
            worker = self.system.ref(f"worker-{number % self.workers}", Worker)
            await rg.supervised_send(
                worker, Worker.parse(path), timeout=30.0, durable=True, idempotency_key=path
            )
        self.state.fed = min(start + count, len(self.paths))
        return len(self.paths) - self.state.fed


async def work(folder: Path, workers: int, *, mended: bool) -> None:
    paths = json.loads((folder / "files.json").read_text())
    children = [
        rg.child(Index, name="index"),
        rg.child(Feeder, name="feeder", args=(paths, workers)),
        *(rg.child(Worker, name=f"worker-{n}", kwargs={"mended": mended}) for n in range(workers)),
    ]
    journal = rg.Journal(folder / "journal.db")
    async with rg.System(children, services=[journal], max_restarts=1000, max_seconds=1.0) as system:
        feeder = system.ref("feeder", Feeder)
        index = system.ref("index", Index)
        if mended:
            await journal.dead_letters.redrive(actor="demo")
        left = 1
        while left or journal.stats().live:
            left = await feeder.call(Feeder.feed(50), timeout=30.0)
            await asyncio.sleep(0.05)
            tell(done=await index.call(Index.size(), timeout=30.0), restarts=system.statistics().restarts)
        entries = await index.call(Index.all(), timeout=30.0)
        (folder / "index.json").write_bytes(msgspec.json.encode(entries))
        tell(counts=msgspec.to_builtins(await journal.conservation()))


def tell(**what: object) -> None:
    print(json.dumps(what), flush=True)


# -- the outer process: kill, start again, check -------------------------------------------------


class Report:
    """Progress: one line that is written over, on a terminal; steps on lines of their own."""

    def __init__(self, files: int, *, quiet: bool) -> None:
        self.files, self.quiet, self.begun = files, quiet, time.monotonic()

    @property
    def seconds(self) -> float:
        return round(time.monotonic() - self.begun, 1)

    def step(self, text: str) -> None:
        if not self.quiet:
            print(f"{CLEAR}[{self.seconds:5.1f} s] {text}", flush=True)

    def files_done(self, done: int) -> None:
        if not self.quiet and sys.stdout.isatty():
            bar = "#" * (40 * done // self.files)
            print(f"{CLEAR}  {done:5d} of {self.files} files {bar}", end="", flush=True)


class Inner(msgspec.Struct):
    """What a run of the inner process said last."""

    done: int = 0
    restarts: int = 0
    counts: dict[str, int] = {}


def run(
    folder: Path, options: argparse.Namespace, report: Report, *extra: str, kill_at: float = inf
) -> Inner:
    """Run the inner process to its end, or kill it as soon as so many files are done."""
    command = [sys.executable, __file__, "--inner", str(folder), f"--workers={options.workers}", *extra]
    said = Inner()
    with (
        (folder / "log.txt").open("ab") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log) as inner,
    ):
        assert inner.stdout is not None
        for line in inner.stdout:
            said = msgspec.json.decode(line, type=Inner)
            report.files_done(said.done)
            if said.done >= kill_at:
                inner.kill()
                break
    if kill_at == inf and inner.returncode:
        sys.exit(
            f"the inner process ended with {inner.returncode}; what it logged is in {folder / 'log.txt'}"
        )
    return said


def dead_letters(folder: Path) -> dict[str, str]:
    """Reasons by file, as the operator's command tells them; nobody owns the journal now."""
    command = [
        sys.executable,
        "-m",
        "regrow",
        "dlq",
        "list",
        str(folder / "journal.db"),
        "--json",
        "--limit=1000",
    ]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return {letter["key"]: letter["reason"] for letter in answer["letters"]}


def sequential(paths: list[str], one: Callable[[bytes], Entry]) -> tuple[dict[str, Entry], set[str]]:
    """The index, computed one file after the other, and the files that can't be in it."""
    index: dict[str, Entry] = {}
    poisoned: set[str] = set()
    for path in paths:
        try:
            index[path] = one((ROOT / path).read_bytes())
        except (SyntaxError, ValueError):
            poisoned.add(path)
    return index, poisoned


def demonstrate(folder: Path, options: argparse.Namespace) -> dict[str, object]:
    found = (ROOT / options.under).rglob("*.py")
    paths = sorted(str(path.relative_to(ROOT)) for path in found if "site-packages" not in path.parts)
    (folder / "files.json").write_text(json.dumps(paths))
    report = Report(len(paths), quiet=options.json)
    report.step(f"{len(paths)} files for {options.workers} workers")
    dice = random.Random(options.seed)
    restarts = 0
    for kill, share in enumerate(sorted(dice.uniform(0.1, 0.9) for _ in range(options.kills)), 1):
        said = run(folder, options, report, kill_at=share * len(paths))
        restarts += said.restarts
        report.step(f"kill -9 number {kill} at {said.done} files, after {said.restarts} restarts of workers")
    said = run(folder, options, report)
    restarts += said.restarts
    index = msgspec.json.decode((folder / "index.json").read_bytes(), type=Entries)
    dead = dead_letters(folder)
    report.step(f"done: {len(index.files)} files in the index, {len(dead)} dead letters")
    for path, reason in dead.items():
        report.step(f"  {reason}: {path}")
    expected, poisoned = sequential(paths, measure)
    matches = index.files == expected and set(dead) == poisoned
    run(folder, options, report, "--mended")
    mended = msgspec.json.decode((folder / "index.json").read_bytes(), type=Entries)
    report.step(f"mended and redriven: {len(mended.files)} files, {len(dead_letters(folder))} dead letters")
    matches = matches and mended.files == sequential(paths, measure_mended)[0]
    return {
        "files": len(paths),
        "handled": len(index.files),
        "dead": len(dead),
        "lost": len(set(paths) - set(index.files) - set(dead)),
        "duplicates": mended.added - len(mended.files),
        "kills": options.kills,
        "restarts": restarts,
        "seconds": report.seconds,
        "matches_sequential": matches,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Index the standard library, killed on the way.")
    parser.add_argument("--seed", type=int, default=7, help="where the kills fall; default 7")
    parser.add_argument("--kills", type=int, default=3, help="how often the program is killed; default 3")
    parser.add_argument("--workers", type=int, default=4, help="default 4")
    parser.add_argument("--under", default="", help="only this folder of the library, such as lib2to3")
    parser.add_argument("--json", action="store_true", help="one JSON object, and no progress")
    parser.add_argument("--inner", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--mended", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inner is not None:
        logging.basicConfig()
        asyncio.run(work(options.inner, options.workers, mended=options.mended))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        result = demonstrate(Path(folder), options)
    print(json.dumps(result) if options.json else f"{CLEAR}{result}")
    return 0 if result["matches_sequential"] and not result["lost"] and not result["duplicates"] else 1


if __name__ == "__main__":
    sys.exit(main())
