"""Cuts the power many times: at every sync, and between, of one load after another."""

from __future__ import annotations

import bisect
import random
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from regrow.delivery.journal.store import SyncLevel
from tests.power.disk import LOSSES, Disk, Sync, SyncNames
from tests.power.examine import Cut, Found, examine
from tests.power.record import NAME, Record, Start, older, record
from tests.power.recorder import SyncKind

__all__ = ("Options", "Result", "run")

PER_LOAD = 250
"""Images of one load, if it syncs no oftener than half that."""
_PROBLEMS = 100


@dataclass(frozen=True)
class Options:
    """What to do.

    Attributes:
        level: What a commit has to survive.
        store_level: What the store is told to make it survive; None for the same.
        ignored: Syncs that have no effect.
        stop: Text of a problem, in whose presence there is no need to go on.
    """

    images: int = 1_000
    seed: int = 1
    level: SyncLevel = "power"
    store_level: SyncLevel | None = None
    ignored: Collection[SyncKind] = ()
    stop: str | None = None


@dataclass
class Result:
    """What was seen.

    Attributes:
        cut_points_distinct: Moments at which the power was cut; `sync_points` of them at a sync.
        lost_acknowledged: Batches that had to be there and were not.
        lost_unsynced: Acknowledged batches that level "process" may lose, and that were lost.
        torn_batches: Images that held half a batch, or a batch without one before it.
        failed_opens: Images that the store refused, set aside or could not go on with.
        broken: Images with damage, counts that don't balance, or another broken promise.
        problems: The first ones, as texts.
    """

    level: str
    seed: int
    images: int = 0
    cut_points_distinct: int = 0
    sync_points: int = 0
    workloads: int = 0
    lost_acknowledged: int = 0
    lost_unsynced: int = 0
    torn_batches: int = 0
    failed_opens: int = 0
    broken: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)


def run(options: Options, progress: Callable[[Result], None] = lambda _: None) -> Result:
    """Make and examine as many images as wanted."""
    began = time.monotonic()
    result = Result(options.level, options.seed)
    shared = Path("/dev/shm")  # where there is memory to be had as a disk, nothing waits
    with tempfile.TemporaryDirectory(
        prefix="regrow-power-", dir=shared if shared.is_dir() else None
    ) as folder:
        folders = _folders(Path(folder))
        while result.images < options.images and not _enough(options, result):
            _load(options, result, folders, progress)
    result.seconds = round(time.monotonic() - began, 2)
    return result


def _folders(parent: Path) -> Iterator[Path]:
    while True:
        with tempfile.TemporaryDirectory(dir=parent) as folder:
            yield Path(folder)


def _load(
    options: Options, result: Result, folders: Iterator[Path], progress: Callable[[Result], None]
) -> None:
    name = f"{options.seed}/{result.workloads}"
    level = options.store_level or options.level
    start = _start(name, result.workloads, level, folders)
    made = record(name, level, next(folders), start=start, ignored=options.ignored)
    result.workloads += 1
    for cut in _cuts(name, made, min(PER_LOAD, options.images - result.images), result):
        found = examine(cut, made, next(folders), options.level)
        _count(found, cut, result)
        progress(result)
        if _enough(options, result):
            return


def _enough(options: Options, result: Result) -> bool:
    return options.stop is not None and any(options.stop in problem for problem in result.problems)


def _start(name: str, number: int, level: SyncLevel, folders: Iterator[Path]) -> Start | None:
    """Every second load begins with nothing, the others after a cut or with an older schema."""
    if number % 2 == 0:
        return None
    first = record(f"{name}/before", level, next(folders))
    rng = random.Random(f"{name}/start")
    if number % 4 == 1:
        (cut,) = _images(f"{name}/before", first, [rng.randrange(len(first.events) + 1)])
        found = examine(cut, first, next(folders), level)
        if found.state is None:
            return None
        boot = found.boot - 1
        return Start(cut.image, first.history[: found.state], boot)
    disk = Disk()
    for event in first.events:
        disk.apply(event)
    closed = Start(disk.image("nothing", rng), first.history)
    return older(closed, next(folders))


def _cuts(name: str, made: Record, images: int, result: Result) -> Iterator[Cut]:
    rng = random.Random(f"{name}/cuts")
    cuts = range(made.begin, len(made.events) + 1)
    syncs = [n for n in cuts[:-1] if isinstance(made.events[n], Sync | SyncNames)]
    if images < 2 * len(syncs):
        syncs = rng.sample(syncs, min(images, len(syncs)))
    chosen = [*syncs, *rng.choices(cuts, k=images - len(syncs))]
    result.cut_points_distinct += len(set(chosen))
    result.sync_points += len(syncs)
    return _images(name, made, sorted(chosen))


def _images(name: str, made: Record, cuts: list[int]) -> Iterator[Cut]:
    """Cut before each of these events; they are in order."""
    disk, done = Disk(), 0
    for number, cut in enumerate(cuts):
        for event in made.events[done:cut]:
            disk.apply(event)
        done = cut
        rng = random.Random(f"{name}/{cut}/{number}")
        loss = rng.choice(LOSSES)
        image = disk.image(loss, rng)
        if rng.random() < 0.2:  # shared memory needs no sync, and may hold anything
            image[f"{NAME}-shm"] = rng.randbytes(rng.choice((100, 32_768, 50_000)))
        at = bisect.bisect_right(made.promises, cut, key=lambda promise: promise[0]) - 1
        yield Cut(f"load {name}, event {cut}, lost {loss}", image, loss, made.promises[at][1])


def _count(found: Found, cut: Cut, result: Result) -> None:
    result.images += 1
    result.lost_acknowledged += found.lost
    result.torn_batches += found.torn
    result.failed_opens += found.failed is not None
    result.broken += bool(found.broken)
    if found.state is not None:
        result.lost_unsynced += max(0, cut.at.committed - found.state - found.lost)
    if len(result.problems) < _PROBLEMS:
        result.problems += [f"{cut.name}: {problem}" for problem in found.problems]
