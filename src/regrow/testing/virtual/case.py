"""A base class for whoever tests with unittest."""

from __future__ import annotations

import asyncio
import sys
import unittest
from typing import ClassVar

from regrow.testing.virtual.loop import VirtualLoop
from regrow.testing.virtual.options import LoopSettings
from regrow.testing.virtual.run import LIMIT

__all__ = ("VirtualTestCase",)


class VirtualTestCase(unittest.IsolatedAsyncioTestCase):
    """An `IsolatedAsyncioTestCase` whose tests run on virtual time, each on a loop of its own.

    ::

        class TestSession(rt.VirtualTestCase):
            loop_settings = {"threads": True}

            async def test_it_expires(self) -> None:
                session = Session(expires_in=3600)
                await asyncio.sleep(3600)
                self.assertTrue(session.expired)

    It runs under unittest's runner and under pytest, there too without a plugin.

    Attributes:
        loop_settings: The options of the `VirtualLoop`, for all tests of the class. `limit`, the real
            seconds for one test with its set-up and tear-down, is 60 by default.
    """

    loop_settings: ClassVar[LoopSettings] = {}

    def loop_factory(self) -> VirtualLoop:
        """Make the loop of one test."""
        settings: LoopSettings = {"limit": LIMIT, **self.loop_settings}
        return VirtualLoop(**settings)

    if sys.version_info < (3, 13):  # from there on unittest itself asks `loop_factory`

        def _setupAsyncioRunner(self) -> None:  # noqa: N802  # unittest's name
            self._asyncioRunner = asyncio.Runner(debug=True, loop_factory=self.loop_factory)
