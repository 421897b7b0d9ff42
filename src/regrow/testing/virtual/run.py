"""Running a coroutine on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, TypeVar

from typing_extensions import Unpack

from regrow.errors.testing import TestKitError
from regrow.testing.virtual.loop import VirtualLoop
from regrow.testing.virtual.options import LoopSettings

if TYPE_CHECKING:
    from typing import Never

T = TypeVar("T")

LIMIT = 60.0

__all__ = ("run_virtual",)


def run_virtual(
    main: Coroutine[object, Never, T], *, debug: bool | None = None, **options: Unpack[LoopSettings]
) -> T:
    """Run a coroutine to its end on a fresh virtual loop, like `asyncio.run`.

    Args:
        main: The coroutine.
        debug: asyncio's debug mode. Default None: as the environment says.
        **options: Those of `VirtualLoop`. `limit`, the real seconds for the whole run, is 60 by default.

    Raises:
        Deadlock: Nothing can happen any more, and `main` isn't done.
        NoProgress: The loop is busy and the clock stands still.
        TookTooLong: The real time is up.
        NotDeclared: Something real was used that the options don't declare.
        BadSetting: An option is out of its range.
    """
    settings: LoopSettings = {"limit": LIMIT, **options}
    runner = asyncio.Runner(loop_factory=lambda: VirtualLoop(**settings), debug=debug)
    try:
        value = runner.run(main)
    except BaseException as failure:
        try:
            runner.close()
        except (TestKitError, RecursionError) as second:  # asyncio can't cancel tasks that await each other
            failure.add_note(f"And then, as the tasks that were left were cancelled: {second}")
        raise
    runner.close()
    return value
