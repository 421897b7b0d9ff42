"""What earlier codemods of these plans got wrong: each of their defects is a test.

The numbers are those of the systems that they were written for: A4 monitors, A6 timeouts, A7 raw sends,
G7 sleeps in tests.
"""

from pathlib import Path

import pytest

from regrow.lint.checker import Checker
from regrow.lint.configuration import Configuration
from regrow.lint.discovery import Source
from regrow.lint.fixing import compiles
from regrow.lint.mending import Mended, mend
from regrow.lint.migrate.catalogue import chosen
from regrow.lint.migrate.run import migrate
from regrow.lint.model import Role
from regrow.lint.settings import Settings

SERVER = """\
import regrow as rg


class Counter(rg.GenServer):
    def init(self) -> None:
        self.count = 0

    @rg.cast
    def add(self, step: int) -> None: ...

    @rg.call
    def read(self, what: object) -> int:
        return 1


"""
ASYNC = SERVER + "async def work(counter: rg.Ref[Counter], resend, mailer, queue):\n"
PLAIN = SERVER + "def work(counter: rg.Ref[Counter], resend, mailer, queue):\n"
TEST = "import asyncio\n\n\nasync def test_it(worker, limiter, log):\n"


def mended(source: str, migration: str, role: Role = Role.CODE) -> Mended:
    """A file after a migration; it still is a program, and the second run changes nothing."""
    (one,) = chosen([migration])
    checker = Checker(Settings(select=one.rules))
    where = Source(Path("a.py"), "a.py", "a.py", role, "a")
    result = mend(source.encode(), where, checker, unsafe=True)
    assert (result.refused, result.failures, result.error) == ((), (), None)
    assert compiles(result.new.decode())
    assert mend(result.new, where, checker, unsafe=True).new == result.new
    return result


def body(result: Mended, head: str) -> str:
    """What became of the lines behind `head`."""
    text = result.new.decode()
    assert text.startswith(head)
    return text.removeprefix(head)


def reasons(result: Mended) -> list[str]:
    return [one.fix.message if one.fix else "" for one in result.left]


# -- A7: raw sends ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # It stopped at the first `)`, so that nested messages became broken code.
        ("counter.send(Counter.add(max(1, (2))))", "counter.cast(Counter.add(max(1, (2))))"),
        (
            "counter.send((('a', f(1)), [g(2, h(3))]))",
            "await rg.supervised_send(counter, (('a', f(1)), [g(2, h(3))]), timeout=\"default\")",
        ),
        # It made every message a cast, whatever it had been.
        (
            "counter.send(Counter.read(1))",
            'await rg.supervised_send(counter, Counter.read(1), timeout="default")',
        ),
        ("counter.send('tick')", "await rg.supervised_send(counter, 'tick', timeout=\"default\")"),
    ],
)
def test_messages_are_taken_whole_and_stay_what_they_are(before: str, after: str) -> None:
    assert body(mended(f"{ASYNC}    {before}\n", "M002"), ASYNC) == f"    {after}\n"


@pytest.mark.parametrize(
    "line",
    [
        "resend(counter, 1)",
        "mailer.send(counter, 1)",
        "mailer.send('counter.send(1)')",
        "queue.resend(1)",
        "print('counter.send(1)')  # counter.send(1)",
    ],
)
def test_other_functions_strings_and_comments_stay(line: str) -> None:
    assert body(mended(f"{ASYNC}    {line}\n", "M002"), ASYNC) == f"    {line}\n"


def test_sends_to_oneself_stay_without_a_comment_and_are_counted(tmp_path: Path) -> None:
    own = SERVER.replace("self.count = 0", "self.count = 0\n        self.pid.send('tick')")
    source = own + "async def tell(counter: rg.Ref[Counter]):\n    counter.send('x')\n"
    (tmp_path / "a.py").write_text(source)
    (one,) = chosen(["M002"])
    report = migrate([tmp_path], Configuration(tmp_path), (one,), mode="write", allow_dirty=True)
    assert (report.own_sends, report.fixes["M002"]) == (1, 1)
    written = (tmp_path / "a.py").read_text()
    assert written.startswith(own)
    again = migrate([tmp_path], Configuration(tmp_path), (one,), mode="write", allow_dirty=True)
    assert ((tmp_path / "a.py").read_text(), again.own_sends, again.is_done) == (written, 1, True)


def test_what_needs_a_human_is_counted_with_its_reason() -> None:
    result = mended(f"{PLAIN}    counter.send('tick')\n", "M002")
    assert result.new == result.old
    assert reasons(result) == [
        "nobody can await here: declare it as a cast, or use rg.supervised_send_from_thread"
    ]


def test_the_import_is_added_where_the_new_code_needs_it() -> None:
    head = "from regrow import GenServer, Ref\n\n\nclass A(GenServer): ...\n\n\n"
    before = head + "async def work(a: Ref[A]):\n    a.send(1)\n"
    after = "from regrow import GenServer, Ref\nimport regrow as rg\n" + before.partition("\n")[2]
    after = after.replace("a.send(1)", 'await rg.supervised_send(a, 1, timeout="default")')
    assert mended(before, "M002").new.decode() == after


def test_tests_are_left_alone() -> None:
    source = f"{ASYNC}    counter.send('tick')\n"
    assert mended(source, "M002", Role.TEST).new.decode() == source


# -- A6: timeouts ----------------------------------------------------------------------------------

SEVERAL = "counter.call(\n        Counter.read(\n            (1, 2),  # both\n        ),\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # Only calls whose two arguments held neither a comma nor a bracket were seen.
        ("counter.call(Counter.read(1))", 'counter.call(Counter.read(1), timeout="default")'),
        (
            "counter.call(Counter.read(('batch', [1, 2])))",
            "counter.call(Counter.read(('batch', [1, 2])), timeout=\"default\")",
        ),
        (f"{SEVERAL}    )", f'{SEVERAL}        timeout="default",\n    )'),
        # Calls in calls, which its authors called piped.
        (
            "counter.call(Counter.read(await counter.call('x')))",
            'counter.call(Counter.read(await counter.call(\'x\', timeout="default")), timeout="default")',
        ),
    ],
)
def test_calls_of_every_shape_ask_the_timeout_table(before: str, after: str) -> None:
    assert body(mended(f"{ASYNC}    await {before}\n", "M003"), ASYNC) == f"    await {after}\n"


@pytest.mark.parametrize(
    "line",
    [
        "await counter.call(Counter.read(1), timeout=5)",
        'await counter.call(Counter.read(1), timeout="long")',
        "await counter.call(Counter.read(1), **queue)",
        "print('await counter.call(Counter.read(1))')  # counter.call(Counter.read(1))",
    ],
)
def test_calls_with_a_timeout_strings_and_comments_stay(line: str) -> None:
    assert body(mended(f"{ASYNC}    {line}\n", "M003"), ASYNC) == f"    {line}\n"


def test_nothing_is_imported_that_isnt_used() -> None:
    result = mended(f"{ASYNC}    await counter.call(Counter.read(1))\n", "M003")
    assert result.new.decode().count("import") == 1


# -- A4: monitors ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "found = rg.monitor(counter)",
        "queue.append(rg.monitor(counter))",
        "if rg.monitor(counter): print()",
        "print('rg.monitor(counter)')  # rg.monitor(counter)",
    ],
)
def test_a_monitor_whose_value_is_used_isnt_made_two_statements(line: str) -> None:
    result = mended(f"{ASYNC}    {line}\n    rg.demonitor(queue)\n", "M009")
    assert f"    {line}\n" in result.new.decode()


def test_no_callback_is_added_to_a_server() -> None:
    source = SERVER.replace("self.count = 0", "self.count = 0\n        rg.monitor(self.count)")
    new = mended(source, "M009").new.decode()
    assert new == source.replace("monitor(self.count)", "monitor(self.count, long_lived=True)")


# -- G7: sleeps in tests ---------------------------------------------------------------------------


def test_a_wait_looks_at_the_value_and_doesnt_assert() -> None:
    source = TEST + "    await asyncio.sleep(0.1)\n    assert worker.ready\n"
    new = mended(source, "M004", Role.TEST).new.decode()
    assert new.endswith("    await rt.wait_for(lambda: worker.ready, timeout=1.0)\n")
    assert "import regrow.testing as rt\n" in new


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["assert limiter.allow('a')"], "allow() would be called again and again"),
        (["assert log.pop() == 1"], "pop() would be called again and again"),
        (["worker.stop()"], "what it waits for isn't said: wait for that, or use a virtual clock"),
        (["assert not worker.failed"], "it may hold at once: if it has to stay so, that is rt.never(...)"),
    ],
)
def test_a_wait_uses_nothing_up_and_makes_no_names_up(lines: list[str], reason: str) -> None:
    source = TEST + "".join(f"    {line}\n" for line in ("await asyncio.sleep(0.1)", *lines))
    result = mended(source, "M004", Role.TEST)
    assert result.new.decode() == source
    assert reasons(result) == [reason]
