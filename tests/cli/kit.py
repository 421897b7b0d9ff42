"""Journal files with dead letters in them, and the command run on them."""

from __future__ import annotations

import io
import json
from collections.abc import Awaitable, Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

from regrow.cli import main
from regrow.delivery.journal.sqlite import SqliteStore
from regrow.testing import run_virtual
from tests.deadletters.kit import Bench


class Done(NamedTuple):
    """What a command left."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, object]:
        found = json.loads(self.out)
        assert found.pop("schema") == 1
        assert isinstance(found, dict)
        return found


def regrow(*arguments: object) -> Done:
    """Run the command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main([str(argument) for argument in arguments])
    return Done(int(code), out.getvalue(), err.getvalue())


def make_journal(path: Path, fill: Callable[[Bench], Awaitable[object]]) -> None:
    """A journal file whose owner has stopped."""

    async def body() -> None:
        store = SqliteStore(path, "none")
        bench = Bench(store=store)
        await fill(bench)
        bench.handle.reader.close()
        store.close(now_us=bench.handle.now_us())

    run_virtual(body())
