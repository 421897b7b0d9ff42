"""What a report looks like in each format."""

import json
from pathlib import Path

import pytest

from regrow.lint.formats import rendered
from regrow.lint.model import Edit, Finding, Fix, Safety, Severity
from regrow.lint.run import Report


def finding(path: str = "a.py", line: int = 1, column: int = 1, end: int = 4, **more: object) -> Finding:
    return Finding("RG900", "odd", "it is odd", path, line, column, line, end, **more)  # type: ignore[arg-type]


def shown(name: str, *findings: Finding, **contents: str) -> list[str]:
    texts = {path.replace("_", "."): text.encode() for path, text in contents.items()}
    return list(rendered(Report(findings, files=1, lines=2, contents=texts), name))


def test_concise_is_a_line_each() -> None:
    assert shown("concise", finding(), finding("b.py", 2, 5)) == [
        "a.py:1:1: RG900 [odd] it is odd",
        "b.py:2:5: RG900 [odd] it is odd",
    ]


def test_full_underlines_what_is_meant() -> None:
    assert shown("full", finding(line=2, column=5, end=8), a_py="x\n    odd()\n") == [
        "a.py:2:5: RG900 [odd] it is odd",
        "  2 |     odd()",
        "    |     ^^^",
        "",
    ]


@pytest.mark.parametrize(
    ("source", "column", "end", "marks"),
    [
        ("\todd()", 2, 5, "\t^^^"),
        ("'界', odd()", 6, 9, " " * 6 + "^^^"),
        ("odd('界')", 1, 9, "^" * 9),
        ("e\u0301, odd()", 5, 8, " " * 3 + "^^^"),
        ("odd", 1, 1, "^"),
    ],
)
def test_full_underlines_columns_of_a_terminal(source: str, column: int, end: int, marks: str) -> None:
    assert shown("full", finding(column=column, end=end), a_py=source)[2] == f"    | {marks}"


def test_full_shows_a_part_of_a_long_line() -> None:
    lines = shown("full", finding(column=500_001, end=500_004), a_py="x" * 500_000 + "odd" + "y" * 500_000)
    assert lines[1] == "  1 | " + "x" * 60 + "odd" + "y" * 97
    assert lines[2] == "    | " + " " * 60 + "^^^"


def test_full_shows_no_control_characters() -> None:
    assert shown("full", finding(), a_py="odd\x1b[31m")[1] == "  1 | odd\N{REPLACEMENT CHARACTER}[31m"


@pytest.mark.parametrize(
    ("form", "place"),
    [
        ("concise", r"a\x1b[2J\nb\x7f.py:1:1: "),
        ("full", r"a\x1b[2J\nb\x7f.py:1:1: "),
        ("github", r"file=a\x1b[2J%0Ab\x7f.py,"),
        ("markdown", r"| a\\x1b\[2J\\nb\\x7f.py:1 |"),
    ],
)
def test_control_characters_of_a_name_are_escaped(form: str, place: str) -> None:
    lines = shown(form, finding("a\x1b[2J\nb\x7f.py"))
    assert any(place in line for line in lines), lines
    assert all(line.isprintable() for line in lines)


def test_names_in_any_script_are_shown_as_they_are() -> None:
    assert shown("concise", finding("größe/日本.py"))[0].startswith("größe/日本.py:1:1: ")


def test_full_reads_the_file_and_does_without_it(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("odd()\n")
    assert shown("full", finding(str(file)))[1:3] == ["  1 | odd()", "    | ^^^"]
    file.unlink()
    assert shown("full", finding(str(file)))[1:] == [""]


def test_full_says_how_it_is_mended() -> None:
    fix = Fix("make it even", (Edit(0, 3, "even"),), Safety.UNSAFE)
    assert shown("full", finding(fix=fix), a_py="odd()")[3] == (
        "  fix: make it even (`regrow fix --unsafe` does it)"
    )


def test_json_is_one_document() -> None:
    fix = Fix("make it even", (Edit(0, 3, "even"),), Safety.SAFE, ("import even",))
    document = json.loads("\n".join(shown("json", finding(fix=fix))))
    assert (document["schema"], document["files"], document["lines"]) == (1, 1, 2)
    (one,) = document["findings"]
    assert (one["code"], one["severity"], one["line"], one["end_column"]) == ("RG900", "error", 1, 4)
    assert one["fix"] == {
        "message": "make it even",
        "edits": [{"start": 0, "end": 3, "text": "even"}],
        "safety": "safe",
        "imports": ["import even"],
    }


def test_json_lines_are_documents() -> None:
    documents = [json.loads(line) for line in shown("json-lines", finding(), finding("b.py"))]
    assert [(one["schema"], one["path"], one["name"]) for one in documents] == [
        (1, "a.py", "odd"),
        (1, "b.py", "odd"),
    ]


def test_github_escapes_what_means_something_to_it() -> None:
    one = Finding("RG900", "odd", "50% of\nit", "a,b:c.py", 1, 2, 1, 5, Severity.WARNING)
    assert shown("github", one) == [
        "::warning file=a%2Cb%3Ac.py,line=1,endLine=1,title=RG900 odd,col=2,endColumn=5::50%25 of%0Ait"
    ]


def test_github_annotates_ten_of_which_the_new_ones_come_first() -> None:
    many = [finding(line=number) for number in range(1, 13)]
    report = Report((*many, finding("w.py")), known=frozenset(many))
    lines = list(rendered(report, "github"))
    assert lines[0].startswith("::error file=w.py")
    assert [line.startswith("::error") for line in lines] == [True] * 10 + [False] * 3
    assert lines[-1] == "a.py:12:1: RG900 [odd] it is odd"
