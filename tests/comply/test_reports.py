"""What could not run is told as that, with the reason; reports name every check."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from regrow.comply import Outcome, Report, comply
from regrow.comply.checks import CHECKS
from regrow.comply.context import Context
from regrow.comply.formats import FORMATS
from regrow.comply.run import outcomes_of
from regrow.comply.steady import steady
from regrow.errors import BadCompliance, BadExcuse, BadSetting
from tests.comply.kit import Plant, Shop, check_named, shop
from tests.comply.plants import GOODS, MAKE, TOTAL

DOOR = "async def handle_continue(self, value: object) -> None: ...\n\n    async def on(self, value: object)"
RUN_TIME = {
    *("builds", "supervised", "steady", "restart-intensity", "same-supervision"),
    *("kill-child", "restart-leaks", "shutdown"),
}
"""The checks that need an application."""
NEED_CHILDREN = {
    "supervised": "the application runs no process but its root supervisor",
    "kill-child": "no supervisor of the application has a child",
    "restart-leaks": "no child of the application is ever restarted",
}
"""What they say of a System without children."""


def reported(copy: Shop, **options: object) -> Report:
    given: dict[str, object] = {"app": copy.app, "tests": [copy.root / "tests"], **options}
    return comply(copy.package, **given)  # type: ignore[arg-type]


def test_the_shop_is_compliant(tmp_path: Path) -> None:
    with shop(tmp_path) as copy:
        report = reported(copy)
    assert report.passed, [one for one in report.outcomes if one.status != "passed"]
    assert report.counts["passed"] == len(report.outcomes) > 40
    assert set(report.titles) == {one.check for one in report.outcomes} == {check.name for check in CHECKS}


# -- nothing passes on nothing -----------------------------------------------------------------------


def test_without_an_application_no_run_time_check_passes(tmp_path: Path) -> None:
    with shop(tmp_path) as copy:
        report = reported(copy, app=None)
    assert {name for name in report.titles if report.status(name) == "could not run"} == RUN_TIME
    assert not report.passed
    assert report.of("builds")[0].details == ("no application was given; give app='module:factory'",)


def test_an_application_that_does_not_run_fails_once_and_leaves_the_rest_open(tmp_path: Path) -> None:
    with shop(tmp_path, Plant("main.py", MAKE, f"{MAKE}    raise OSError('no disk')\n", "")) as copy:
        report = reported(copy)
    assert report.status("builds") == "failed"
    assert {name for name in RUN_TIME if report.status(name) == "could not run"} == RUN_TIME - {"builds"}


def test_an_empty_package_passes_nothing(tmp_path: Path) -> None:
    with shop(tmp_path) as copy:
        for name in ("main", "stock", "till"):
            (tmp_path / copy.package / f"{name}.py").unlink()
        (tmp_path / "tests" / "test_shop.py").unlink()
        report = reported(copy, app=None)
    assert {
        name: report.status(name) for name in report.titles if report.status(name) != "could not run"
    } == {
        "lint": "passed"  # of its one file
    }


def test_a_system_without_processes_passes_nothing_that_is_about_them(tmp_path: Path) -> None:
    text = "import regrow as rg\n\n\ndef make_system():\n    return rg.System([], strategy='one_for_one')\n"
    with shop(tmp_path) as copy:
        (tmp_path / copy.package / "main.py").write_text(text)
        outcomes = [one for name in NEED_CHILDREN for one in copy.outcomes(name)]
    assert [one.status for one in outcomes] == ["could not run"] * 3
    assert {one.check: one.details[0] for one in outcomes} == NEED_CHILDREN


def test_no_files_are_not_clean_files(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with shop(tmp_path) as copy:
        report = reported(copy, app=None, paths=[tmp_path / "empty"])
    assert [report.status(name) for name in ("lint", "explicit-strategy")] == ["could not run"] * 2


def test_a_package_that_is_not_there_is_an_error() -> None:
    with pytest.raises(BadCompliance, match="can be imported"):
        comply("there_is_no_such_package")


# -- excuses -----------------------------------------------------------------------------------------


def test_an_excuse_is_told_with_its_reason(tmp_path: Path) -> None:
    with shop(tmp_path) as copy:
        report = reported(copy, app=None, excuse=dict.fromkeys(RUN_TIME, "a library has no application"))
    assert report.passed
    assert report.counts["excused"] == len(RUN_TIME)
    assert report.of("kill-child")[0].details[0] == "a library has no application"


def test_an_excuse_does_not_hide_what_is_found(tmp_path: Path) -> None:
    plant = Plant("main.py", GOODS, GOODS.replace("=3", "=1_000_000"), "")
    with shop(tmp_path, plant) as copy:
        copy.excuse = {"restart-intensity": "we like it so"}
        outcomes = copy.outcomes("restart-intensity")
    assert [one.subject for one in outcomes if one.status == "failed"] == ["root/goods"]


def test_an_unknown_check_can_not_be_excused() -> None:
    with pytest.raises(BadExcuse, match="there is no such check"):
        comply("regrow", excuse={"everything": "no time"})


# -- supervision in other environments ---------------------------------------------------------------


def supervision(copy: Shop, **environments: dict[str, str]) -> list[tuple[str, tuple[str, ...]]]:
    options = replace(copy.options(), environments=environments)
    outcomes = outcomes_of(check_named("same-supervision"), Context(options), {})
    return [(one.subject, one.details) for one in outcomes if one.status == "failed"]


def test_environments_of_ones_own_are_looked_at_too(tmp_path: Path) -> None:
    budget = GOODS.replace("=3", '=3 if os.environ.get("STAGE") != "cheap" else 5')
    with shop(tmp_path, Plant("main.py", GOODS, budget, "", "import os\n")) as copy:
        found = supervision(copy, cheap={"STAGE": "cheap"})
    assert found == [("root/goods", ("root/goods: max_restarts is 3 in production and 5 in cheap",))]


def test_a_supervisor_that_is_elsewhere_only_is_told(tmp_path: Path) -> None:
    queue = '    return rg.System([stock, desk, *([queue] if "STAGE" in os.environ else []), rg.child(Door'
    plant = Plant(
        "main.py", "    return rg.System([stock, desk, queue, rg.child(Door", queue, "", "import os\n"
    )
    door = Plant("till.py", "async def handle_continue(self, value: object)", DOOR, "")
    with shop(tmp_path, plant, door) as copy:
        [(subject, details)] = supervision(copy, staged={"STAGE": "1"})
    assert subject == "root"
    assert "root/queue: strategy is not there in production and one_for_one in staged" in details


def test_what_ran_before_is_not_the_applications(tmp_path: Path) -> None:
    go_on = threading.Event()
    mine = threading.Thread(target=go_on.wait, name="of the test runner")
    mine.start()
    try:
        with shop(tmp_path) as copy:
            outcomes = copy.outcomes("supervised")
    finally:
        go_on.set()
        mine.join()
    assert [one.status for one in outcomes] == ["passed"]


# -- what is let pass --------------------------------------------------------------------------------


def test_what_is_allowed_with_a_reason_is_let_pass(tmp_path: Path) -> None:
    line = "        logging.getLogger().addHandler(logging.NullHandler())\n"
    plant = Plant("till.py", TOTAL, f"{TOTAL}{line}", "", "import logging\n")
    with shop(tmp_path, plant) as copy:
        left = steady(replace(copy.options(), allow={"logging:root*": "it logs"})).left
        other = steady(replace(copy.options(), allow={"timer": "it waits"})).left
    assert left == ()
    assert [one.partition(":")[0] for one in other] == ["logging"]


@pytest.mark.parametrize(
    "allow", [{"loging": "it logs"}, {"logging": " "}, {"logging": "it logs", "timer": ""}]
)
def test_what_is_allowed_has_a_kind_and_a_reason(allow: dict[str, str]) -> None:
    with pytest.raises(BadSetting):
        comply("regrow", allow=allow)


# -- formats -----------------------------------------------------------------------------------------

REPORT = Report(
    "app",
    "app.main:make",
    (
        Outcome("lint", "app/a.py", "passed"),
        Outcome("lint", "app/b.py", "failed", ("app/b.py:1:1: RG101 a task",)),
        Outcome("audit", "", "could not run", ("there are no tests",)),
        Outcome("builds", "", "excused", ("later", "no application was given")),
    ),
    {"lint": "no findings", "audit": "good tests", "builds": "it starts"},
)


def test_the_text_has_a_line_for_each_check() -> None:
    assert list(FORMATS["text"](REPORT)) == [
        "lint    failed (1 of 2)",
        "  app/b.py",
        "    app/b.py:1:1: RG101 a task",
        "audit   could not run",
        "    there are no tests",
        "builds  excused",
        "    later",
        "    no application was given",
        "app: not compliant (3 checks: 1 passed, 1 failed, 1 could not run, 1 excused)",
    ]


def test_the_json_has_everything() -> None:
    document = json.loads("\n".join(FORMATS["json"](REPORT)))
    assert (document["schema"], document["passed"], document["counts"]["failed"]) == (1, False, 1)
    assert [(one["name"], one["status"], len(one["outcomes"])) for one in document["checks"]] == [
        ("lint", "failed", 2),
        ("audit", "could not run", 1),
        ("builds", "excused", 1),
    ]


def test_the_markdown_names_what_ran_and_what_could_not() -> None:
    text = "\n".join(FORMATS["markdown"](REPORT))
    assert text.startswith("# Compliance of `app`, application `app.main:make`\n")
    assert "| lint | failed (1 of 2) | no findings |" in text
    assert "- **lint** of `app/b.py`\n  - app/b.py:1:1: RG101 a task" in text
    assert "## Could not run\n\n- **audit**\n  - there are no tests\n- **builds** (excused)" in text


@pytest.mark.parametrize("form", FORMATS)
def test_what_an_application_raises_may_be_any_text(form: str) -> None:
    outcome = Outcome("lint", "a\udcff.py", "failed", ("ValueError: \x1b[31m\udc80\n  a note",))
    shown = "\n".join(FORMATS[form](Report("app", None, (outcome,), {"lint": "no findings"})))
    assert "\x1b" not in shown
    assert r"\udc80" in shown
    assert shown.encode()


def test_no_outcomes_are_no_compliance() -> None:
    report = Report("app", None, (), {"lint": "no findings"})
    assert not report.passed
    assert report.status("lint") == "could not run"
