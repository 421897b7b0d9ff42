"""Reports for other programs: valid where there is a schema, whatever the names of files hold."""

import json
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema  # type: ignore[import-untyped]  # it has none
import pytest

from regrow.lint.command import main
from regrow.lint.engine import RuleFailure
from regrow.lint.formats import FORMATS, rendered
from regrow.lint.model import Edit, Finding, Fix, Safety, Severity
from regrow.lint.run import Report
from tests.lint.test_formats import finding

ODD = "a b/\x1b[0m\x00\udcff%&<'\"|界.py"
FIX = Fix("make it even", (Edit(0, 3, "even"),), Safety.SAFE)
FAILURE = RuleFailure("a.py", "RG901", "ZeroDivisionError: <oh> & \x00", "rule.py:3")
SEVERAL = Report(
    (
        finding(),
        finding(line=7),
        finding(ODD, severity=Severity.WARNING, scope="Outer.inner", text="\x00", fix=FIX),
        Finding("RG101", "unsupervised-spawn", "a `task` <b>|</b>\n *of* nobody", "/x/y.py", 1, 1, 9, 2),
    ),
    (FAILURE,),
    files=3,
    lines=70,
)
NOTHING = Report(files=1, lines=2)


def text(report: Report, name: str) -> str:
    return "\n".join(rendered(report, name))


@cache
def schema() -> Any:
    return json.loads((Path(__file__).parent / "data" / "sarif-schema-2.1.0.json").read_text())


def sarif(report: Report) -> Any:
    document = json.loads(text(report, "sarif"))
    jsonschema.Draft7Validator(schema(), format_checker=jsonschema.FormatChecker()).validate(document)
    (run,) = document["runs"]
    return run


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_takes_whatever_there_is(name: str) -> None:
    assert b"RG101" in text(SEVERAL, name).encode(errors="backslashreplace")
    assert "RG101" not in text(NOTHING, name)


def test_the_schema_refuses_what_is_no_sarif() -> None:
    document = json.loads(text(SEVERAL, "sarif"))
    document["runs"][0]["results"][0]["locations"] = 3
    assert not jsonschema.Draft7Validator(schema()).is_valid(document)


def test_sarif_names_rules_by_their_codes() -> None:
    run = sarif(SEVERAL)
    rules = run["tool"]["driver"]["rules"]
    assert [(one["id"], one["properties"]["name"]) for one in rules] == [
        ("RG101", "unsupervised-spawn"),
        ("RG900", "odd"),
    ]
    assert rules[0]["help"]["markdown"].startswith("Asyncio tasks that nobody owns.")
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert [one["level"] for one in run["results"]] == ["error", "error", "warning", "error"]


def test_sarif_tells_places() -> None:
    results = sarif(SEVERAL)["results"]
    places = [one["locations"][0]["physicalLocation"] for one in results]
    assert [one["artifactLocation"]["uri"] for one in places] == [
        "a.py",
        "a.py",
        "a%20b/%1B%5B0m%00%3F%25%26%3C%27%22%7C%E7%95%8C.py",
        "file:///x/y.py",
    ]
    assert places[3]["region"] == {"startLine": 1, "startColumn": 1, "endLine": 9, "endColumn": 2}
    assert results[2]["locations"][0]["logicalLocations"] == [{"fullyQualifiedName": "Outer.inner"}]


def test_sarif_has_fingerprints_that_survive_moved_lines() -> None:
    marks = [one["partialFingerprints"]["regrow/v1"] for one in sarif(SEVERAL)["results"]]
    assert len(set(marks)) == 4
    moved = Report((finding(line=30), finding(line=40)))
    assert [one["partialFingerprints"]["regrow/v1"] for one in sarif(moved)["results"]] == marks[:2]


def test_sarif_says_what_is_new_and_what_failed() -> None:
    assert "baselineState" not in sarif(SEVERAL)["results"][0]
    one, other = finding(), finding("b.py")
    results = sarif(Report((one, other), known=frozenset([one])))["results"]
    assert [result["baselineState"] for result in results] == ["new", "unchanged"]
    (invocation,) = sarif(SEVERAL)["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "RG901 failed" in invocation["toolExecutionNotifications"][0]["message"]["text"]
    assert sarif(NOTHING)["results"] == []


def test_junit_has_a_failed_test_for_each_finding() -> None:
    root = ET.fromstring(text(SEVERAL, "junit"))
    assert (root.tag, root.get("tests"), root.get("failures"), root.get("errors")) == (
        *("testsuites", "5", "4", "1"),
    )
    assert [(one.get("name"), one.get("tests")) for one in root] == [
        ("a.py", "2"),
        ("a b/\ufffd[0m\ufffd\ufffd%&<'\"|界.py", "1"),
        ("/x/y.py", "1"),
        ("regrow", "1"),
    ]
    failures = list(root.iter("failure"))
    assert [one.get("type") for one in failures] == ["RG900", "RG900", "RG900", "RG101"]
    assert failures[0].text == "a.py:1:1: RG900 [odd] it is odd"
    assert [one.get("name") for one in root.iter("testcase")][1] == "RG900 odd (7:1)"


def test_junit_without_findings_is_a_test_that_passed() -> None:
    root = ET.fromstring(text(NOTHING, "junit"))
    (case,) = root.iter("testcase")
    assert (root.get("tests"), list(case)) == ("1", [])


def test_gitlab_wants_a_fingerprint_of_its_own_for_each() -> None:
    issues = json.loads(text(SEVERAL, "gitlab"))
    assert len({one["fingerprint"] for one in issues}) == 4
    assert [one["severity"] for one in issues] == ["major", "major", "minor", "major"]
    assert issues[1]["location"]["path"] == "a.py"
    assert issues[1]["location"]["lines"] == {"begin": 7, "end": 7}
    assert issues[1]["location"]["positions"]["begin"] == {"line": 7, "column": 1}
    assert (issues[0]["check_name"], issues[0]["description"]) == ("RG900", "RG900 [odd] it is odd")
    assert json.loads(text(NOTHING, "gitlab")) == []


def test_markdown_is_a_summary() -> None:
    one, other = finding(), finding("b|c.py", line=2)
    report = Report((one, other), (FAILURE,), files=2, lines=3000, known=frozenset([one]))
    assert text(report, "markdown").splitlines() == [
        "## regrow check",
        "",
        "2 findings, 1 new one, in 2 files (3,000 lines).",
        "",
        "**RG901 failed**, a bug of its own, in a.py: ZeroDivisionError: \\<oh\\> & \\\\x00",
        "",
        "| rule | name | findings |",
        "|---|---|---:|",
        "| RG900 | odd | 2 |",
        "",
        "| where | rule | what |",
        "|---|---|---|",
        "| b\\|c.py:2 | **new** RG900 | it is odd |",
        "| a.py:1 | RG900 | it is odd |",
    ]
    assert text(NOTHING, "markdown").endswith("no findings, in 1 file (2 lines).")


def test_markdown_stays_below_what_github_takes() -> None:
    many = text(Report(tuple(finding(line=number) for number in range(60_000))), "markdown")
    assert len(many) < 1 << 20
    assert many.endswith("\n59,500 more aren't shown.")


# -- the command -----------------------------------------------------------------------------------

SPAWN = "import asyncio\nasyncio.create_task({}())\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    (tmp_path / "pyproject.toml").write_text('[tool.regrow.check]\nselect = ["RG101"]\n')
    for number in range(15):
        (tmp_path / f"m{number:02}.py").write_text(SPAWN.format("f"))
    return tmp_path


def test_github_gets_the_rest_in_its_summary(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["baseline", "write"]) == 0
    (root / "m99.py").write_text(SPAWN.format("g"))
    summary = root / "summary.md"
    summary.write_text("# before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert main(["check", "--format", "github"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("::error file=m99.py,")
    assert sum(line.startswith("::error") for line in lines) == 10
    assert len(lines) == 16
    told = summary.read_text()
    assert told.startswith("# before\n## regrow check\n\n16 findings, 1 new one, in 16 files (32 lines).\n")
    assert "| m99.py:2 | **new** RG101 |" in told
    assert "| m14.py:2 | RG101 |" in told


def test_a_summary_that_cant_be_written_is_told(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(root))
    assert main(["check", "--format", "github"]) == 1
    assert f"GITHUB_STEP_SUMMARY={root} can't be written: Is a directory\n" in capsys.readouterr().err


def test_the_ratchet_speaks_the_formats(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["baseline", "write"]) == 0
    (root / "m00.py").write_text(SPAWN.format("g"))
    capsys.readouterr()
    assert main(["baseline", "check", "--format", "sarif"]) == 1
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    assert [one["baselineState"] for one in run["results"]] == ["new"]


def test_a_corrupt_baseline_is_one_error_where_it_is_asked(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "regrow-baseline.json").write_text("{")
    assert main(["check", "--format", "github"]) == 2
    assert "regrow-baseline.json:1:2: not JSON: " in capsys.readouterr().err
    assert main(["check"]) == 1
