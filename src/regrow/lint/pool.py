"""Files through all rules in several processes."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Final

from regrow.errors.lint import WorkerEnded
from regrow.lint.checker import Checker, Outcome
from regrow.lint.discovery import Source
from regrow.lint.engine import without_gc
from regrow.lint.project import Project
from regrow.lint.settings import Settings

_CHUNKS: Final = 8
"""How many pieces of work each process gets: the last ones even out what the first ones cost."""


def check_in_processes(
    sources: Sequence[Source], checker: Checker, jobs: int
) -> Iterator[tuple[Source, Outcome]]:
    """Check files as `checker` does, in `jobs` processes and in whatever order they are done."""
    count = min(jobs * _CHUNKS, len(sources))
    chunks = [sources[start::count] for start in range(count)]
    # Not "fork": whoever calls this may have threads.
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_end_at_interrupts)
    try:
        works = {
            pool.submit(
                _check_chunk, checker.settings, checker.project, chunk, digests=checker.digests
            ): chunk
            for chunk in chunks
        }
        for work in as_completed(works):
            yield from zip(works[work], work.result(), strict=True)
    except BrokenProcessPool as error:
        raise WorkerEnded from error
    finally:
        pool.shutdown(cancel_futures=True)


def _end_at_interrupts() -> None:
    """Ctrl-C goes to all processes of a terminal: these end, and the first one says what comes of it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _check_chunk(
    settings: Settings, project: Project, sources: Sequence[Source], *, digests: bool
) -> list[Outcome]:
    with without_gc():
        return list(Checker(settings, project, digests=digests).check_files(sources))
