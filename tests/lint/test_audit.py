"""The auditor reports what is there: each kind of problem, how tests keep to themselves, and a score."""

import json
from pathlib import Path

import pytest

from regrow.errors.lint import NothingToCheck
from regrow.lint.audit.limits import suite_limit
from regrow.lint.audit.model import Audit, AuditedFile, score
from regrow.lint.audit.run import audit_paths
from regrow.lint.command import main
from regrow.lint.configuration import Configuration, discover
from regrow.lint.model import Scope
from regrow.lint.registry import own_rules
from tests.lint.cases import CASES

Captured = pytest.CaptureFixture[str]
TIMEOUT = "[tool.pytest.ini_options]\ntimeout = 10\n[tool.regrow.check]\n"
CLEAN = "def test_adds():\n    assert 1 + 1 == 2\n"
SLEEPS = "import time\n\n\ndef test_waits():\n    time.sleep(1)\n    assert ready()\n"
RULES = [rule for rule in own_rules() if rule.scope is Scope.TESTS]


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(TIMEOUT)
    return tmp_path


def audited(root: Path, text: str, *, name: str = "test_a.py", limit: int = 100) -> Audit:
    (root / name).write_text(text)
    return audit_paths([root], discover(root), limit=limit)


def file_of(audit: Audit, path: str = "test_a.py") -> AuditedFile:
    return next(file for file in audit.files if file.path == path)


# -- what is reported ------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_rule_for_tests_counts(root: Path, rule: object) -> None:
    """Whatever the registry has: an auditor that finds nothing is worse than none."""
    code, name = next((one.code, one.name) for one in RULES if one is rule)
    bad = [path for path in (CASES / code.lower()).glob("*.py") if "# expect:" in path.read_text()]
    for path in bad:
        (root / f"test_{path.name}").write_text(path.read_text())
    (root / "pyproject.toml").write_text(f'{TIMEOUT}extend-select = ["{code}"]\n')
    audit = audited(root, CLEAN)
    assert audit.failures == ()
    assert audit.problems[name] >= 1
    assert audit.score < 100
    assert any(one.code == code for file in audit.files for one in file.problems)


def test_a_suite_without_a_problem_has_the_whole_score(root: Path) -> None:
    audit = audited(root, CLEAN)
    assert (audit.score, audit.tests, audit.passed) == (100, 1, True)
    assert set(audit.problems.values()) == {0}
    assert {"sleep-in-test", "shared-process", "no-timeout"} <= set(audit.problems)


def test_a_problem_says_which_test_has_it(root: Path) -> None:
    problem = file_of(audited(root, SLEEPS + "\n\n" + CLEAN)).problems[0]
    assert (problem.line, problem.code, problem.name, problem.unit) == (
        5,
        "RG601",
        "sleep-in-test",
        "test_waits",
    )


@pytest.mark.parametrize("scope", ["session", "module", "package", "class"])
@pytest.mark.parametrize(
    "make",
    ["rg.System([])", "asyncio.create_task(f())", "subprocess.Popen(['x'])", "threading.Thread(target=f)"],
)
def test_a_fixture_that_tests_share_makes_no_process(root: Path, scope: str, make: str) -> None:
    text = (
        "import asyncio, subprocess, threading\nimport pytest\nimport regrow as rg\n\n\n"
        f"@pytest.fixture(scope={scope!r})\ndef thing():\n    made = {make}\n    yield made\n\n\n"
        "def test_uses(thing):\n    assert thing\n"
    )
    audit = audited(root, text)
    shared = [one for one in file_of(audit).problems if one.name == "shared-process"]
    assert [(one.line, one.unit) for one in shared] == [(8, "thing")]
    assert f"for its whole {scope}" in shared[0].message
    assert audit.isolation == {"a shared process": 1}
    fine = audited(root, text.replace(f"scope={scope!r}", ""))
    assert fine.problems["shared-process"] == 0
    assert fine.isolation == {"a fixture's process": 1}


def test_a_system_of_the_whole_module_is_shared(root: Path) -> None:
    text = f"import regrow as rg\n\nsystem = rg.System([])\n\n\n{CLEAN}"
    assert audited(root, text).problems["shared-process"] == 1


@pytest.mark.parametrize(
    ("test", "unbounded"),
    [
        ("async def test_a():\n    await thing()", True),
        ("def test_a():\n    thing()", False),
        ("@pytest.mark.timeout(5)\nasync def test_a():\n    await thing()", False),
        ("@pytest.mark.regrow\nasync def test_a():\n    await thing()", False),
        ("async def test_a(start_supervised):\n    await thing()", False),
        ("async def test_a():\n    async with asyncio.timeout(1):\n        await thing()", False),
        (
            "class TestX:\n    pytestmark = pytest.mark.timeout(5)\n    async def test_a(self): ...",
            False,
        ),
        ("class TestX:\n    async def test_a(self):\n        await thing()", True),
    ],
)
def test_an_async_test_has_a_time_out(root: Path, test: str, unbounded: bool) -> None:
    (root / "pyproject.toml").write_text("[tool.regrow.check]\n")
    audit = audited(root, f"import asyncio\nimport pytest\n\n\n{test}\n")
    assert audit.problems["no-timeout"] == unbounded


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[tool.pytest.ini_options]\ntimeout = 5\n"),
        ("pyproject.toml", '[tool.pytest.ini_options]\naddopts = ["--timeout=5"]\n'),
        ("pyproject.toml", "[tool.pytest]\ntimeout = 5\n"),
        ("pytest.ini", "[pytest]\ntimeout = 5\n"),
        ("setup.cfg", "[tool:pytest]\ntimeout = 5\n"),
        ("tox.ini", "[pytest]\naddopts = -q --timeout 5\n"),
    ],
)
def test_a_time_out_of_the_whole_suite_is_enough(root: Path, name: str, text: str) -> None:
    (root / "pyproject.toml").unlink()
    assert not suite_limit(root)
    (root / name).write_text(text)
    assert suite_limit(root)


def test_how_tests_keep_to_themselves_is_counted(root: Path) -> None:
    (root / "conftest.py").write_text(
        "import pytest\nimport regrow as rg\n\n\n@pytest.fixture\ndef system():\n    return rg.System([])\n"
    )
    text = (
        "import pytest\nimport regrow as rg\n\n\n"
        "async def test_kit(start_supervised): ...\n"
        "@pytest.mark.regrow(isolation='full', reason='x')\nasync def test_full(): ...\n"
        "async def test_own():\n    async with rg.System([]): ...\n"
        "def test_given(system): ...\n"
        "async def test_nothing(): ...\n"
        "def test_sum(): ...\n"
    )
    assert audited(root, text).isolation == {
        "a fixture's process": 1,
        "kit: full": 1,
        "kit: registry": 1,
        "no process": 1,
        "none": 1,
        "own System": 1,
    }


# -- the score -------------------------------------------------------------------------------------


def test_the_score_is_the_share_of_tests_without_a_problem(root: Path) -> None:
    more = "".join(f"\n\ndef test_{number}():\n    assert {number} >= 0\n" for number in range(3))
    file = file_of(audited(root, SLEEPS + more))
    assert (file.tests, file.units, file.faulty, file.score) == (4, 4, 1, 75)


def test_several_problems_of_one_test_count_once(root: Path) -> None:
    file = file_of(audited(root, SLEEPS.replace("time.sleep(1)\n", "time.sleep(1)\n    time.sleep(2)\n")))
    assert (len(file.problems), file.score) == (2, 0)


def test_a_helper_with_a_problem_is_one_unit_more(root: Path) -> None:
    file = file_of(audited(root, f"import time\n\n\ndef settle():\n    time.sleep(1)\n\n\n{CLEAN}"))
    assert (file.tests, file.units, file.score) == (1, 2, 50)


def test_a_file_of_one_test_weighs_as_much_as_one_test(root: Path) -> None:
    (root / "test_b.py").write_text("".join(CLEAN.replace("adds", str(n)) for n in range(9)))
    audit = audited(root, SLEEPS)
    assert (file_of(audit).score, audit.score) == (0, 90)


@pytest.mark.parametrize(("units", "faulty", "expected"), [(1000, 1, 99), (3, 1, 66), (1, 1, 0), (5, 0, 100)])
def test_only_nothing_at_all_is_a_hundred(units: int, faulty: int, expected: int) -> None:
    assert score(units, faulty) == expected


# -- files -----------------------------------------------------------------------------------------


def test_code_that_ships_is_not_audited(root: Path) -> None:
    (root / "app.py").write_text("import time\n\n\ndef wait():\n    time.sleep(1)\n")
    assert [file.path for file in audited(root, CLEAN).files] == ["test_a.py"]


def test_suppressed_findings_do_not_count(root: Path) -> None:
    text = SLEEPS.replace("time.sleep(1)", "time.sleep(1)  # noqa: RG601 the clock itself is tested")
    assert audited(root, text).score == 100


def test_per_file_ignores_hold(root: Path) -> None:
    (root / "pyproject.toml").write_text(f'{TIMEOUT}per-file-ignores = {{ "test_a.py" = ["RG601"] }}\n')
    assert audited(root, SLEEPS).score == 100


def test_a_file_that_cannot_be_read_scores_nothing(root: Path) -> None:
    (root / "test_b.py").write_text("def test_b(:\n")
    (root / "test_c.py").write_bytes(b"\xff\xfe\xff")
    audit = audited(root, CLEAN)
    assert {file.path: file.score for file in audit.files} == {
        "test_a.py": 100,
        "test_b.py": 0,
        "test_c.py": 0,
    }
    assert audit.problems["unreadable-file"] == 2


def test_tests_that_cannot_be_read_are_told(root: Path, capsys: Captured) -> None:
    (root / "test_a.py").write_text("<<<<<<< HEAD\n")
    assert main(["audit", "."]) == 1
    out = capsys.readouterr().out
    assert "test_a.py:1: RG001 [unreadable-file] can't be parsed: invalid syntax" in out
    assert out.endswith("score 0 of 100\n")


@pytest.mark.parametrize("text", ["", "x = 1\n", "def helper(): ...\n"])
def test_no_tests_is_no_clean_suite(root: Path, text: str) -> None:
    with pytest.raises(NothingToCheck, match="no tests to check"):
        audited(root, text)


def test_no_rule_for_tests_is_no_clean_suite(root: Path) -> None:
    (root / "pyproject.toml").write_text(f'{TIMEOUT}select = ["RG101"]\n')
    with pytest.raises(NothingToCheck, match="leave none for tests on"):
        audited(root, CLEAN)


def test_a_root_without_settings_will_do(root: Path) -> None:
    (root / "test_a.py").write_text(CLEAN)
    assert audit_paths([root], Configuration(root / "elsewhere")).score == 100


# -- the command -----------------------------------------------------------------------------------


def test_exit_codes(root: Path, capsys: Captured) -> None:
    assert main(["audit"]) == 2
    assert "no tests to check" in capsys.readouterr().err
    (root / "test_a.py").write_text(CLEAN)
    assert main(["audit"]) == 0
    (root / "test_b.py").write_text(SLEEPS)
    assert main(["audit"]) == 1
    assert main(["audit", "--min", "50"]) == 0
    assert main(["audit", "--min", "51"]) == 1
    assert main(["audit", "--min", "101"]) == 2


@pytest.mark.parametrize(
    ("settings", "code", "said"),
    [
        ("audit-min = 50", 0, ""),
        ("audit-min = 51", 1, ""),
        ("audit-min = 40", 1, "set audit-min = 50"),
        ('audit-min = 40\nmode = "no-grow"', 0, ""),
        ("audit-min = 101", 2, "has to be a number from 0 to 100"),
        ("audit-min = true", 2, "has to be a number from 0 to 100"),
    ],
)
def test_the_ratchet_holds_the_score_from_both_sides(
    root: Path, settings: str, code: int, said: str, capsys: Captured
) -> None:
    (root / "pyproject.toml").write_text(f"{TIMEOUT}[tool.regrow.ratchet]\n{settings}\n")
    (root / "test_a.py").write_text(CLEAN)
    (root / "test_b.py").write_text(SLEEPS)
    assert main(["audit"]) == code
    assert said in capsys.readouterr().err
    if code < 2:
        assert main(["audit", "--min", "40"]) == 0  # what is given says it all


def test_the_text_tells_problems_files_and_the_suite(root: Path, capsys: Captured) -> None:
    (root / "test_a.py").write_text(SLEEPS)
    (root / "test_b.py").write_text(CLEAN)
    main(["audit", "--min", "40"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("test_a.py:5: RG601 [sleep-in-test] ")
    assert lines[0].endswith("(in test_waits)")
    assert "test_a.py  score   0  1 test: 1 sleep-in-test" in lines
    assert "     1  sleep-in-test" in lines
    assert "     2  isolation: no process" in lines
    assert lines[-1] == "score 50 of 100 (40 is enough)"


def test_the_json_has_everything(root: Path, capsys: Captured) -> None:
    (root / "test_a.py").write_text(SLEEPS)
    main(["audit", "--format", "json"])
    document = json.loads(capsys.readouterr().out)
    assert {key: document[key] for key in ("schema", "score", "limit", "passed", "tests")} == {
        "schema": 1,
        "score": 0,
        "limit": 100,
        "passed": False,
        "tests": 1,
    }
    assert document["problems"]["sleep-in-test"] == 1
    assert document["files"][0]["problems"][0]["unit"] == "test_waits"


def test_the_markdown_has_a_row_for_each_bad_file(root: Path, capsys: Captured) -> None:
    (root / "test_a.py").write_text(SLEEPS)
    (root / "test_b.py").write_text(CLEAN)
    main(["audit", "--format", "markdown"])
    out = capsys.readouterr().out
    assert out.startswith("## Test audit: 50 of 100\n")
    assert "| `test_a.py` | 0 | 1 | 1 sleep-in-test |" in out
    assert "test_b.py" not in out
