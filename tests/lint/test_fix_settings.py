"""Fixes that go by settings."""

from pathlib import Path

from regrow.lint.checker import Checker
from regrow.lint.discovery import Source
from regrow.lint.mending import mend
from regrow.lint.model import Role
from regrow.lint.settings import Settings


def mended(source: str, settings: Settings, role: Role, *, module: str = "a") -> str:
    """What becomes of a file; a second run changes nothing."""
    checker = Checker(settings)
    where = Source(Path("a.py"), "a.py", "a.py", role, module)
    new = mend(source.encode(), where, checker, unsafe=True).new
    assert mend(new, where, checker, unsafe=True).new == new
    return new.decode()


SLEEP = (
    "import asyncio\n\n\nasync def test_it(worker):\n    await asyncio.sleep(0)  # why\n    worker.stop()\n"
)


def test_a_sleep_of_no_time_becomes_a_wait_until_nothing_is_left_to_run() -> None:
    after = SLEEP.replace("asyncio.sleep(0)", "rt.wait_idle()")
    after = after.replace("asyncio\n\n", "asyncio\nimport regrow.testing as rt\n\n", 1)
    strict = Settings(select=("RG601",), allow_sleep_zero=False)
    assert mended(SLEEP, strict, Role.TEST) == after
    assert mended(SLEEP, Settings(select=("RG601",)), Role.TEST) == SLEEP


SPAWN = """\
import asyncio

from app import Spawner


class Service:
    spawner: Spawner

    async def start(self, work):
        asyncio.create_task(work(1), name="work")
        self.kept = asyncio.create_task(work(2))
"""


def test_an_object_with_a_supervised_spawner_spawns_what_nobody_keeps() -> None:
    ours = Settings(select=("RG101",), supervised_spawners=("app.Spawner.spawn",))
    after = SPAWN.replace("asyncio.create_task(work(1)", "self.spawner.spawn(work(1)")
    assert mended(SPAWN, ours, Role.CODE) == after
    assert mended(SPAWN, Settings(select=("RG101",)), Role.CODE) == SPAWN


OWN = """\
import asyncio

from .base import Base


class Connection(Base):
    def closed(self, task):
        self.loop.create_task(self.close(task))

    @classmethod
    def made(cls, task):
        asyncio.create_task(cls.told(task))


class Plain:
    def closed(self, task):
        asyncio.create_task(self.close(task))
"""


def test_an_object_that_is_a_supervised_spawner_spawns_itself() -> None:
    ours = Settings(select=("RG101",), supervised_spawners=("app.base.Base.spawn",))
    after = OWN.replace("self.loop.create_task", "self.spawn")
    assert mended(OWN, ours, Role.CODE, module="app.connection") == after


def test_what_a_supervised_spawner_makes_is_its_own() -> None:
    code = OWN.replace("def closed", "def spawn")
    ours = Settings(
        select=("RG101",), supervised_spawners=("app.pool.Connection.spawn", "app.pool.Plain.spawn")
    )
    assert mended(code, ours, Role.CODE, module="app.pool") == code


def test_a_class_of_ones_own_is_a_task_group() -> None:
    ours = Settings(select=("RG101",), task_group_types=("app.Spawner",))
    after = SPAWN.replace("asyncio.create_task", "self.spawner.create_task")
    assert mended(SPAWN, ours, Role.CODE) == after
