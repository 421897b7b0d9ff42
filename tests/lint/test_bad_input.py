"""Bad input, all of it at once: a finding each with its file and place, and the rest of the run goes on."""

import json
import os
import random
from pathlib import Path

import pytest

from regrow.errors import BadBaseline, BadLintSetting, NothingToCheck, UnknownRule
from regrow.lint.checker import Checker
from regrow.lint.command import main
from regrow.lint.configuration import Configuration, read
from regrow.lint.discovery import source
from regrow.lint.engine import without_gc
from regrow.lint.formats import FORMATS
from regrow.lint.ratchet.baseline import Baseline, Entry, Increase, dumps, loads
from regrow.lint.settings import Settings
from tests.lint.cases import CASES

Captured = pytest.CaptureFixture[str]
SPAWN = b"import asyncio\n\nasyncio.create_task(f())\n"
CHAIN = (
    b"import asyncio\nx = a" + b".create_task()" * 900 + b"\n\nasyncio.get_event_loop().call_later(1, f)\n"
)
FILES = {
    "broken.py": b"x = 1\ndef f(:\n",
    "chain.py": CHAIN,
    "coding.py": b"# coding: klingon\n",
    "deep.py": b"x = " + b"-" * 100_000 + b"1\n",
    "good.py": SPAWN,
    "hex.py": b"# coding: hex\n",
    "indents.py": b"".join(b" " * number + b"if x:\n" for number in range(120)),
    "latin.py": b"x = 1\ny = '\xff'\n",
    "long.py": b"import asyncio\nx = '" + b"y" * 1_000_000 + b"'; asyncio.create_task(f())\n",
    "null.py": b"x = 1\ny = '\0'\n",
    "parens.py": b"(" * 300 + b")" * 300,
    "undefined.py": b"# coding: undefined\n",
}
FOUND = [
    ("broken.py", 2, 7, "RG001", "can't be parsed: invalid syntax"),
    ("chain.py", 1, 1, "RG001", "RG101 can't look at it: nested too deeply"),
    ("coding.py", 1, 1, "RG001", "can't be parsed: unknown encoding: klingon"),
    ("dangling.py", 1, 1, "RG001", "can't be read: No such file or directory"),
    ("deep.py", 1, 1, "RG001", "can't be parsed: nested too deeply for Python's own parser"),
    ("fifo.py", 1, 1, "RG001", "can't be read: it is a FIFO, not a regular file"),
    ("good.py", 3, 1, "RG101", ""),
    ("hex.py", 1, 1, "RG001", "can't be parsed: its coding line names no text encoding"),
    ("indents.py", 101, 1, "RG001", "can't be parsed: too many levels of indentation"),
    ("latin.py", 2, 1, "RG001", "can't be parsed: not utf-8: byte 0xff"),
    ("long.py", 2, 1_000_009, "RG101", ""),
    ("loop.py", 1, 1, "RG001", "can't be read: Too many levels of symbolic links"),
    ("memory.py", 1, 1, "RG001", "can't be read: Input/output error"),
    ("null.py", 2, 1, "RG001", "can't be parsed: it holds a null byte"),
    ("package/up", 1, 1, "RG001", "can't be read: a symbolic link to a folder that it stands in"),
    ("parens.py", 1, 201, "RG001", "can't be parsed: too many nested parentheses"),
    ("undefined.py", 1, 1, "RG001", "can't be parsed: its coding line names no text encoding"),
]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[tool.regrow.check]\nselect = ["RG101"]\n')
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    os.mkfifo("fifo.py")
    (tmp_path / "loop.py").symlink_to("loop.py")
    (tmp_path / "dangling.py").symlink_to("gone.py")
    (tmp_path / "memory.py").symlink_to("/proc/self/mem")  # a regular file that not even root can read
    (tmp_path / "package" / "folder.py").mkdir(parents=True)
    (tmp_path / "package" / "up").symlink_to(tmp_path)
    return tmp_path


def findings(out: str) -> list[tuple[str, int, int, str, str]]:
    listed = json.loads(out)["findings"]
    return [
        (
            *(one["path"], one["line"], one["column"], one["code"]),
            one["message"] if one["code"] == "RG001" else "",
        )
        for one in listed
    ]


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no /proc here")
@pytest.mark.parametrize("arguments", [["--no-cache"], ["-j", "2"]], ids=["one process", "two and a cache"])
def test_all_of_it_at_once(root: Path, arguments: list[str], capsys: Captured) -> None:
    for _ in range(2):
        assert main(["check", "--format", "json", *arguments]) == 1
        out, err = capsys.readouterr()
        assert findings(out) == FOUND
        assert "Traceback" not in err
        assert err.startswith("17 findings in 13 files (")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no /proc here")
def test_nothing_is_written_over_what_isnt_known(root: Path, capsys: Captured) -> None:
    assert main(["baseline", "write"]) == 1
    assert not (root / "regrow-baseline.json").exists()
    out, err = capsys.readouterr()
    assert out.count("RG001") == 15
    assert err.endswith("the baseline is left as it was: mend these first, or exclude them\n")
    before = {name: (root / name).read_bytes() for name in FILES}
    assert main(["fix", "--unsafe"]) == 1
    assert {name: (root / name).read_bytes() for name in FILES} == before
    assert "Traceback" not in capsys.readouterr().err


def test_every_format_ends(root: Path, capsys: Captured) -> None:
    for name in FORMATS:
        assert main(["check", "--no-cache", "--format", name, "fifo.py", "loop.py", "good.py"]) == 1
        assert "it is a FIFO, not a regular file" in capsys.readouterr().out


def check(data: bytes, settings: Settings | None = None) -> tuple[list[str], list[str]]:
    one = source(Path("/x/a.py"), Configuration(Path("/x")))
    outcome = Checker(settings or Settings()).check(data, one)
    assert outcome.failures == ()
    return [finding.code for finding in outcome.findings], [finding.text for finding in outcome.findings]


def test_what_is_too_deep_for_several_rules_is_one_finding() -> None:
    codes, _ = check(CHAIN)
    assert codes.count("RG001") == 1


@pytest.mark.parametrize("depth", [50, 190, 900, 2_000, 4_000, 20_000])
@pytest.mark.parametrize(
    "nested",
    [
        "x = a{.b}",
        "x = 1{ + 1}",
        "x = {not }1",
        "x = {lambda: }1",
        "x = {1 if a else }2",
        "x = {(}{)}",
        "x = {[}{]}",
        "x = {f(}1{)}",
        "async def f():\n  x = {await }(g())",
    ],
)
def test_no_depth_is_a_bug(nested: str, depth: int) -> None:
    text = nested
    while "{" in text:
        before, _, rest = text.partition("{")
        inside, _, after = rest.partition("}")
        text = before + inside * depth + after
    codes, _ = check(SPAWN + text.encode() + b"\n")
    assert "RG101" in codes or codes == ["RG001"]


def test_a_thousand_findings_dont_hold_their_line_a_thousand_times() -> None:
    data = b"import asyncio\nx = [" + b"asyncio.create_task(f())," * 1_000 + b"]\n"
    codes, texts = check(data, Settings(select=("RG101",)))
    assert len(codes) == 1_000
    assert max(map(len, texts)) <= 400
    assert texts[0].startswith("asyncio.create_task(f()),")


# -- files that somebody damaged -------------------------------------------------------------------


def damaged(data: bytes, draw: random.Random) -> bytes:
    """A few bytes of it taken out, doubled, or changed for others."""
    for _ in range(draw.randrange(1, 4)):
        at = draw.randrange(len(data))
        end = min(at + draw.randrange(1, 30), len(data))
        part = draw.choice(
            [b"", data[at:end] * 2, bytes([draw.randrange(256)]), b"\n", b"(", b" " * 3, b"\t"]
        )
        data = data[:at] + part + data[end:]
    return data


@pytest.mark.parametrize("folder", sorted(CASES.glob("rg*")), ids=lambda folder: folder.name)
def test_damaged_files_are_no_bug(folder: Path) -> None:
    """No rule fails, and every finding is where something is."""
    draw = random.Random(folder.name)
    checker = Checker(Settings())
    one = source(Path("/x/a.py"), Configuration(Path("/x")))
    files = sorted(folder.glob("*.py"))
    for _ in range(8):
        data = damaged(draw.choice(files).read_bytes(), draw)
        with without_gc():
            outcome = checker.check(data, one)
        assert outcome.failures == ()
        assert all(1 <= finding.line <= outcome.lines + 1 for finding in outcome.findings)
        assert all(finding.end_line >= finding.line for finding in outcome.findings)


BASELINE = dumps(
    Baseline(
        {
            ("a.py", "RG101"): Entry(("1f", "2e"), "2026-11-21"),
            ("b.py", "RG401"): Entry(("3d",), "2026-11-21", "é"),
        },
        (Increase("2026-11-21", "RG401", 1, "é"),),
    )
).encode()


def is_in(error: BadBaseline | BadLintSetting, data: bytes) -> bool:
    """Whether the error's place is one of the file."""
    return 1 <= error.line <= data.count(b"\n") + 1 and error.column >= 1


def test_a_damaged_baseline_is_an_error_with_its_place_or_a_baseline() -> None:
    draw = random.Random(7)
    refused: list[bool] = []
    for _ in range(500):
        data = damaged(BASELINE, draw)
        try:
            baseline = loads(data, "b.json")
        except BadBaseline as error:
            refused.append(is_in(error, data))
        else:
            assert loads(dumps(baseline).encode(), "b.json") == baseline
    assert 300 < len(refused) < 500
    assert all(refused)


def test_a_number_of_too_many_digits_is_an_error_of_its_file(tmp_path: Path) -> None:
    number = "9" * 5_000
    with pytest.raises(BadBaseline, match="not a baseline"):
        loads(f'{{"schema": {number}}}'.encode(), "b.json")
    file = tmp_path / "pyproject.toml"
    for text in (f"x = {number}", "x = " + "[" * 10_000):
        file.write_text(text)
        with pytest.raises(BadLintSetting, match=r"pyproject.toml:1:1: (not TOML|nested too deeply)"):
            read(file)


SETTINGS = b"""\
[tool.regrow.check]
select = ["ALL"]  # all
per-file-ignores = { "tests/*" = ["RG101", "raw-send"] }
src = [
    "src",
]
allow-sleep-zero = false

[tool.regrow.ratchet]
mode = "no-grow"
max-total = { RG101 = 41 }
"""


def test_damaged_settings_are_an_error_with_its_place_or_settings(tmp_path: Path) -> None:
    draw = random.Random(11)
    file = tmp_path / "pyproject.toml"
    refused: list[bool] = []
    for _ in range(500):
        data = damaged(SETTINGS, draw)
        file.write_bytes(data)
        try:
            Checker(read(file).settings)
        except BadLintSetting as error:
            refused.append(is_in(error, data))
        except (UnknownRule, NothingToCheck):
            refused.append(True)
    assert 250 < len(refused) < 500
    assert all(refused)
