"""RG603's fix across files: a test's look becomes a call that the server's own file has."""

from pathlib import Path

import pytest

import regrow.testing as rt
from regrow.lint.cache import NAME
from regrow.lint.configuration import Configuration
from regrow.lint.mending import mend_paths
from regrow.lint.model import Finding
from regrow.lint.run import check_paths
from regrow.lint.settings import Settings
from regrow.testing import run_virtual

SERVER = """\
import regrow as rg


class Counter(rg.GenServer):
    def init(self) -> None:
        self._rows = [1]
        self._total = 3

    @rg.call(repeatable=False)
    def rows(self) -> list[int]:
        return self._rows

    @rg.call
    def total(self) -> int:
        \"\"\"How many.\"\"\"
        return self._total

    @rg.call
    def twice(self) -> int:
        return self._twice

    @rg.cast
    def twice(self) -> None: ...

    @rg.call
    def plus(self, more: int) -> int:
        return self._plus

    @rg.call
    async def later(self) -> int:
        return self._later

    @rg.cast
    def told(self) -> int:
        return self._told

    @property
    def seen(self) -> int:
        return self._seen

    @rg.call
    def other(other) -> int:
        return self._other
"""
HEAD = "import regrow as rg\nfrom rg603_shop import Counter\n\n\n"


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configuration:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rg603_shop").mkdir()
    (tmp_path / "rg603_shop" / "__init__.py").write_text("from .stock import Counter as Counter\n")
    (tmp_path / "rg603_shop" / "stock.py").write_text(SERVER)
    return Configuration(tmp_path, None, Settings(select=("RG603",)))


def mended(configuration: Configuration, text: str) -> str:
    file = configuration.root / "test_it.py"
    file.write_text(HEAD + text)
    mending = mend_paths([Path()], configuration, unsafe=True)
    assert [one.refused for one in mending.files if one.refused] == []
    once = file.read_text()
    mend_paths([Path()], configuration, unsafe=True)
    assert file.read_text() == once
    assert once.startswith(HEAD)
    return once.removeprefix(HEAD)


def asked(call: str) -> str:
    return f'await counter.call(Counter.{call}(), timeout="default")'


@pytest.mark.parametrize(
    ("look", "call"),
    [("Counter()._total", "Counter().total()"), ("(Counter()._rows)[0]", "(Counter().rows())[0]")],
)
def test_an_object_has_its_method_called(configuration: Configuration, look: str, call: str) -> None:
    text = "def test_it():\n    assert {}\n"
    assert mended(configuration, text.format(look)) == text.format(call)


@pytest.mark.parametrize(
    "head",
    [
        "async def test_it(counter: rg.Ref[Counter]):\n",
        "async def test_it(counter: rg.Pid[Counter]):\n",
        "async def test_it(kit):\n    counter = await kit.start_supervised(Counter, name='a')\n",
        "async def test_it(made):\n    counter: rg.Pid[Counter] = made\n",
    ],
)
def test_an_address_is_sent_a_message(configuration: Configuration, head: str) -> None:
    before = f"{head}    assert counter._total == 3\n    print(counter._rows[0], counter._total)\n"
    total = asked("total")
    after = f"{head}    assert {total} == 3\n    print(({asked('rows')})[0], {total})\n"
    assert mended(configuration, before) == after


@pytest.mark.parametrize(
    "text",
    [
        "def test_it(counter: rg.Ref[Counter]):\n    assert counter._total == 3\n",
        "async def test_it(counter: rg.Ref[Counter]):\n    assert [counter._total for _ in 'ab']\n",
        "async def test_it(counter: rg.Ref[Counter]):\n    assert (lambda: counter._total)()\n",
        "async def test_it(counter: rg.Ref[Counter]):\n    print(f'{counter._total}')\n",
        "def test_it():\n    Counter()._rows.clear()\n",
        "def test_it():\n    Counter()._rows[0] = 2\n",
        "def test_it():\n    Counter()._total = 2\n",
        "def test_it():\n    Counter()._total()\n",
        "def test_it(counter):\n    assert counter._total == 3\n",
        "def test_it(counters: list[Counter]):\n    assert counters._total == 3\n",
        *(
            f"def test_it():\n    assert Counter()._{name}\n"
            for name in ("twice", "plus", "later", "told", "seen", "other", "absent")
        ),
    ],
)
def test_what_is_left_to_a_human(configuration: Configuration, text: str) -> None:
    assert mended(configuration, text) == text


@pytest.mark.parametrize("nested", ["x = a" + ".b" * 4_000, "x = " + "-" * 3_000 + "1", "x = (", "\0"])
def test_a_server_that_cant_be_looked_at_is_no_bug(configuration: Configuration, nested: str) -> None:
    server = configuration.root / "rg603_shop" / "stock.py"
    server.write_text(f"{SERVER}\n\n@{nested.removeprefix('x = ')}\ndef f(): ...\n{nested}\n")
    text = "def test_it():\n    assert Counter()._twice\n"
    assert mended(configuration, text) == text


def test_the_fixed_test_passes(configuration: Configuration, monkeypatch: pytest.MonkeyPatch) -> None:
    start = "    counter = await kit.start_supervised(Counter)\n"
    before = f"async def test_it(kit):\n{start}    return counter._total\n"
    names: dict[str, object] = {}
    monkeypatch.syspath_prepend(str(configuration.root))
    exec(HEAD + mended(configuration, before), names)

    async def main() -> object:
        async with rt.kit() as kit:
            return await names["test_it"](kit)  # type: ignore[operator]  # made above

    assert run_virtual(main()) == 3


def test_a_cached_run_knows_the_calls_of_other_files(configuration: Configuration) -> None:
    file = configuration.root / "test_it.py"
    file.write_text(HEAD + "def test_it():\n    assert Counter()._total == 3\n")

    def found() -> list[Finding]:
        return list(check_paths([Path()], configuration, cached=True).findings)

    first = found()
    assert [one.fix is not None and bool(one.fix.edits) for one in first] == [True]
    file.write_text(file.read_text() + "\n# changed\n")
    assert found() == first
    assert (configuration.root / NAME).exists()
    server = configuration.root / "rg603_shop" / "stock.py"
    server.write_text(SERVER.replace("return self._total", "return self._total + 1"))
    assert [one.fix for one in found()] == [None]
