"""Whatever a text holds, Markdown shows it as it is: read back by a parser of Markdown."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from regrow.comply import Outcome
from regrow.comply import Report as Compliance
from regrow.comply.formats import FORMATS
from regrow.lint.command import main
from regrow.lint.console import visible
from regrow.lint.escaping import code, plain

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
TEXTS = st.text(alphabet="ab1.)-+=`*_{}[](<>#|~&;\\!:/ \n\té\x1b", max_size=12).filter(str.strip)
NASTY = "a|b `c` <b> *d* [e](f) &lt; \\| ~~g~~\nh"


def shown(markdown: str, kind: str) -> list[str]:
    """What is read in each element of a kind, as text."""
    tokens = PARSER.parse(markdown)
    return [
        text_of(inline)
        for opening, inline in pairwise(tokens)
        if opening.type == f"{kind}_open" and inline.type == "inline"
    ]


def text_of(inline: Token) -> str:
    assert {one.type for one in inline.children or ()} <= {
        "text",
        "code_inline",
        "text_special",
        "strong_open",
        "strong_close",
    }
    return "".join(one.content for one in inline.children or ())


def in_cells(*texts: str) -> str:
    return f"| a | b |\n|---|---|\n| {' | '.join(texts)} |"


@given(TEXTS)
@example("1. one")
@example("- one")
@example("12) one")
@example("123456789. one")
@example("---")
@example("&amp;")
@example("![a](b)")
@example(NASTY)
def test_a_text_is_shown_as_it_is(text: str) -> None:
    whole = visible(" ".join(text.split()))
    assert shown(plain(text), "paragraph") == [whole]
    assert shown(f"- {plain(text)}", "paragraph") == [whole]
    assert shown(in_cells(plain(text), plain(text)), "td") == [whole, whole]


@given(TEXTS)
@example("`")
@example(" a ")
@example(" `` a")
@example("a\\|b\\")
@example(NASTY)
def test_code_is_shown_as_it_is(text: str) -> None:
    assert shown(f"- {code(text)} b", "paragraph") == [f"{visible(text)} b"]
    cell = code(text, in_table=True)
    assert shown(in_cells(cell, cell), "td") == [visible(text), visible(text)]


@pytest.mark.parametrize(("text", "markdown"), [("a & b", "a & b"), ("a-b.py: 1.5", "a-b.py: 1.5")])
def test_what_markdown_leaves_alone_stays(text: str, markdown: str) -> None:
    assert plain(text) == markdown


# -- the reports -----------------------------------------------------------------------------------

NAME = "a|b `c` <b> *d* [e](f) &lt; \\| ~~g~~\nh.py"
SHOWN = visible(NAME)
CALLS = "import time\n\nimport requests\n\n\ndef test_it():\n    time.sleep(1)\n    requests.get('x')\n"
SWALLOWS = "\n\ndef f():\n    try:\n        g()\n    except Exception:\n        pass\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.regrow.check]\n")
    (tmp_path / NAME).write_text(CALLS + SWALLOWS)
    return tmp_path


def test_findings(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / NAME).write_text("try:\n    f()\nexcept (\n    a|b,\n    Exception,  # `|`\n):\n    pass\n")
    main(["check", "--format", "markdown", "--select", "RG401"])
    cells = shown(capsys.readouterr().out, "td")
    assert cells[:3] == ["RG401", "swallowed-exception", "1"]
    assert cells[3:5] == [f"{SHOWN}:3", "RG401"]
    assert len(cells) == 6


def test_an_audit(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / NAME).rename(root / f"test_{NAME}")
    main(["audit", "--format", "markdown"])
    assert shown(capsys.readouterr().out, "td")[-4:] == [f"test_{SHOWN}", "0", "1", "1 sleep-in-test"]


def test_a_migration(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "other").hardlink_to(root / NAME)
    main(["migrate", "M003", "M006", "--format", "md"])
    out = capsys.readouterr().out
    assert SHOWN in shown(out, "paragraph")
    assert shown(out, "td")[-4:-1] == [f"{SHOWN}:14", "M006", "RG401"]
    main(["migrate", "M003", "--format", "md", "--write", "--allow-dirty"])
    why = f"{' '.join(NAME.split())}: it has 2 names (hard links)"
    assert shown(capsys.readouterr().out, "paragraph")[-1].startswith(why)


def test_a_compliance_report() -> None:
    outcome = Outcome("lint", NAME, "failed", (NASTY, "1. one", "- one"))
    out = "\n".join(FORMATS["markdown"](Compliance("a_b_c", "a_b_c.d:e_f_g", (outcome,), {"lint": "a|b"})))
    assert shown(out, "heading")[0] == "Compliance of a_b_c, application a_b_c.d:e_f_g"
    assert shown(out, "td") == ["lint", "failed (1 of 1)", "a|b"]
    listed = [f"lint of {SHOWN}", visible(" ".join(NASTY.split())), "1. one", "- one"]
    assert shown(out, "paragraph")[1:] == listed
