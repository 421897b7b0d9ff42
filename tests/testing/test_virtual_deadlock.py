"""Deadlocks: found at once, and told with who waits for whom."""

# ruff: noqa: TID251 - sleeping is what is tested here

from __future__ import annotations

import asyncio
import gc
import re
import subprocess
import sys
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

import regrow as rg
import regrow.testing as rt

HERE = Path(__file__).name


def deadlock(main: Coroutine[object, Any, object], **options: Any) -> rg.errors.Deadlock:
    """How `main` ends. It takes no real time to find that out."""
    options.setdefault("limit", 5.0)
    with pytest.raises(rg.errors.Deadlock) as raised:
        rt.run_virtual(main, **options)
    return raised.value


def told(error: BaseException) -> list[str]:
    """Its text line by line, without the folders and line numbers of this file."""
    text = re.sub(rf"at \S*{HERE}:\d+ in ", "at HERE in ", str(error))
    return [line.replace(f"{told.__module__}.", "").strip() for line in text.splitlines()]


@pytest.fixture
def collected() -> Iterator[None]:
    """What a test leaves pending on purpose goes with it: asyncio logs when it is destroyed."""
    yield
    gc.collect()


async def never() -> None:
    await asyncio.Event().wait()


def test_the_text_says_when_who_where_and_on_what() -> None:
    async def main() -> None:
        await asyncio.sleep(2.5)
        await never()

    error = deadlock(main())
    name = "test_the_text_says_when_who_where_and_on_what.<locals>.main"
    assert told(error) == [
        "nothing can happen any more at virtual time 2.5: nothing is ready and no timer is set:",
        f"task '{name}' waits for asyncio.locks.Event.wait at HERE in never: await asyncio.Event().wait()",
    ]
    (waiting,) = error.waiting
    assert error.at == 2.5
    assert waiting.place is not None
    assert waiting.place.endswith("in never")
    assert [frame.partition(": ")[2] for frame in waiting.stack] == [
        "await never()",
        "await asyncio.Event().wait()",
    ]


def test_it_is_found_at_once() -> None:
    """A patience of real time is for those outside alone, and here nobody is."""
    assert deadlock(never(), patience=3600.0, silence=3600.0, sockets=True, threads=True).at == 0.0


@pytest.mark.usefixtures("collected")
def test_tasks_that_wait_for_each_other_are_named_first() -> None:
    async def main() -> None:
        tasks: dict[str, asyncio.Task[None]] = {}

        async def wait_for(other: str) -> None:
            await asyncio.sleep(1)
            await tasks[other]

        for name, other in (("a", "b"), ("b", "c"), ("c", "a")):
            tasks[name] = asyncio.create_task(wait_for(other), name=name)
        await asyncio.wait(tasks.values())

    error = deadlock(main())
    assert error.cycles == (("task 'a'", "task 'b'", "task 'c'"),)
    lines = told(error)
    assert lines[1] == "they wait for each other: task 'a' -> task 'b' -> task 'c' -> task 'a'"
    assert "waits for task 'a', task 'b', task 'c' at HERE" in lines[2]
    assert lines[3].startswith("task 'a' waits for task 'b' at HERE in ")
    assert lines[3].endswith(": await tasks[other]")


def test_gather_and_task_groups_name_whom_they_wait_for() -> None:
    async def main() -> None:
        async def group() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(never(), name="in the group")
                group.create_task(asyncio.sleep(1), name="done by then")

        both = asyncio.create_task(group(), name="group")
        await asyncio.gather(both, asyncio.sleep(2))

    lines = told(deadlock(main()))
    assert "waits for task 'group' at HERE" in lines[1]
    assert "waits for task 'in the group' at HERE" in "".join(lines)
    assert "done by then" not in "".join(lines)


def test_ten_comes_after_nine() -> None:
    async def main() -> None:
        tasks = [asyncio.create_task(never(), name=f"w{number}") for number in range(11)]
        await tasks[0]

    names = [one.who for one in deadlock(main()).waiting]
    assert names[1:] == [f"task 'w{number}'" for number in range(11)]


# -- processes ---------------------------------------------------------------------------------


class Stop:
    pass


class Go:
    pass


class Server(rg.GenServer):
    @rg.call
    async def outer(self, inner: rg.Pid[object]) -> None:
        await rg.Pid.down(inner, timeout=86_400.0)

    @rg.call
    async def hang(self) -> None:
        await asyncio.Event().wait()

    @rg.cast
    async def work(self) -> None:
        await asyncio.create_task(never(), name="helper")

    @rg.call(blocking=True)
    def block(self, gate: threading.Event) -> None:
        gate.wait(10)

    @rg.cast
    def note(self) -> None: ...


def test_processes_are_told_with_handler_pattern_and_mailbox() -> None:
    async def choosy() -> None:
        await rg.receive((Stop, Go))

    async def main() -> None:
        async with rg.System([rg.child(Server, name="server")], name="app") as system:
            picky = system.spawn(choosy, name="picky")
            for number in range(3):
                picky.send(number)
            system.ref("server", Server).cast(Server.work())
            await rg.System.idle(system)
            await never()

    error = deadlock(main())
    text = re.sub(r"<app\.\d+\.\d+", "<app.N", "\n".join(told(error)[2:]))
    server, here = (
        "<app.N Server 'server'>",
        "test_processes_are_told_with_handler_pattern_and_mailbox.<locals>.",
    )
    task = 'asyncio.create_task(never(), name="helper")'
    assert text.splitlines() == [
        f"{server} in Server.work waits for task 'helper' of {server} at HERE in Server.work: await {task}",
        (
            f"task 'helper' of {server} in Server.work waits for asyncio.locks.Event.wait at HERE in never:"
            f" await asyncio.Event().wait()"
        ),
        (
            f"<app.N {here}choosy 'picky'> waits for a message that matches Stop | Go at HERE in"
            f" {here}choosy:"
            f" await rg.receive((Stop, Go)) (in its mailbox: 3)"
        ),
    ]
    assert error.waiting[-1].mailbox == 3


def test_who_waits_for_an_answer_is_told_whose() -> None:
    """A call has a timeout, so that none is in a deadlock; but one may be under way when the time is up."""

    async def main() -> None:
        async with rg.System([rg.child(Server, name="server")], name="app") as system:
            ref = system.ref("server", Server)
            call = asyncio.create_task(ref.call(Server.hang(), timeout=86_400.0), name="caller")
            while not call.done():  # noqa: ASYNC110  # endless on purpose
                await asyncio.sleep(0.001)

    with pytest.raises(rg.errors.TookTooLong) as raised:
        rt.run_virtual(main(), limit=0.05)
    text = re.sub(r"<app\.\d+\.\d+", "<app.N", str(raised.value))
    assert "task 'caller' waits for the answer to hang of <app.N Server 'server'>" in text
    assert "<app.N Server 'server'> in Server.hang waits for asyncio.locks.Event.wait at" in text


def test_a_suspended_process_is_told() -> None:
    async def main() -> None:
        async with rg.System([rg.child(Server, name="server")], name="app") as system:
            ref = system.ref("server", Server)
            pid = ref.whereis()
            assert pid is not None
            system.suspend(pid)
            ref.cast(Server.note())
            await never()

    (_, line) = told(deadlock(main()))[1:]
    assert re.fullmatch(
        r"<app\.\d+\.\d+ Server 'server'> waits for system\.resume \(in its mailbox: 1\)", line
    )


def test_idle_servers_are_not_told() -> None:
    async def main() -> None:
        children = [rg.child(Server, name=f"server-{number}") for number in range(50)]
        async with rg.System(children, name="app"):
            await never()

    assert len(told(deadlock(main()))) == 2


# -- what makes no difference ------------------------------------------------------------------


SAME = """
import asyncio, sys
import regrow.testing as rt

async def never():
    await asyncio.Event().wait()

async def main():
    tasks = {asyncio.create_task(never(), name=name) for name in "cab"}
    await asyncio.wait(tasks)

for _ in range(int(sys.argv[1])):
    asyncio.run(asyncio.sleep(0))  # asyncio counts its tasks over the whole program
try:
    rt.run_virtual(main())
except AssertionError as error:
    print(error)
"""


def test_the_text_depends_neither_on_hash_seeds_nor_on_what_ran_before() -> None:
    texts: list[str] = []
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", SAME, seed],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        texts.append(done.stdout)
    assert texts[0] == texts[1]
    assert "task 'main' waits for task 'a', task 'b', task 'c'" in texts[0]


def test_the_errors_text_stays_bounded() -> None:
    async def main() -> None:
        await asyncio.gather(*(never() for _ in range(100)))

    error = deadlock(main())
    assert len(error.waiting) == 101
    assert told(error)[-1] == "and 41 more lines"
    assert len(told(error)) == 62
