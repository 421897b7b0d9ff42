"""anyio's tests on the kit's loops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, cast

import pytest

__all__ = ("on_own_loop",)


class _AnyioPlugin(Protocol):
    def get_runner(
        self, backend_name: str, backend_options: Mapping[str, object], /
    ) -> AbstractContextManager[object]: ...


@contextmanager
def on_own_loop(config: pytest.Config, new_loop: Callable[[], asyncio.AbstractEventLoop]) -> Generator[None]:
    """Inside, anyio's pytest plugin makes asyncio's loops by `new_loop`, unless its options name another way.

    The fixture `anyio_backend` can't do that: it is the project's to define, and shared by the tests of a
    module, of which only some use the kit.
    """
    plugin = cast("_AnyioPlugin | None", config.pluginmanager.get_plugin("anyio"))
    if plugin is None:
        yield
        return
    get_runner = plugin.get_runner

    def with_factory(name: str, options: Mapping[str, object]) -> AbstractContextManager[object]:
        if name == "asyncio" and options.keys().isdisjoint({"loop_factory", "use_uvloop"}):
            options = {**options, "loop_factory": new_loop}
        return get_runner(name, options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plugin, "get_runner", with_factory)
        yield
