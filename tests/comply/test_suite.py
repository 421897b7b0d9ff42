"""`suite`: one line in a file of tests makes an item for each check and each thing that it looks at."""

import subprocess
import sys
from pathlib import Path

import pytest

from regrow.comply import suite
from regrow.comply.checks import CHECKS
from regrow.errors import BadApplication, BadCompliance, BadExcuse, BadSetting, CouldNotRun, NotCompliant
from tests.comply.kit import Shop, check_named, shop
from tests.comply.plants import PLANTS

FILE = "from regrow.comply import suite\n\nTestShop = suite({package!r}, app={app!r}{more})\n"


def run(copy: Shop, *arguments: str, more: str = "") -> subprocess.CompletedProcess[str]:
    text = FILE.format(package=copy.package, app=copy.app, more=more)
    (copy.root / "tests" / "test_compliance.py").write_text(text)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        "-rA",
        *arguments,
    ]
    return subprocess.run(
        [*command, "tests/test_compliance.py"],
        cwd=copy.root,
        env={"PYTHONPATH": str(copy.root), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )


def test_items_are_named_by_check_and_subject(tmp_path: Path) -> None:
    with shop(tmp_path) as copy:
        done = run(copy)
    assert done.returncode == 0, done.stdout
    name = "tests/test_compliance.py::TestShop"
    for item in (
        f"test_lint[{copy.package}/stock.py]",
        "test_audit[tests/test_shop.py]",
        f"test_callbacks[{copy.package}.till.Door]",
        f"test_builds[{copy.app}]",
        "test_restart_intensity[root/goods]",
        "test_kill_child[root/goods/stock]",
        "test_kill_child[root/queue/Customer[0]]",
        "test_bounded_calls[at run time]",
    ):
        assert f"PASSED {name}::{item}" in done.stdout
    assert all(f"test_{check.name.replace('-', '_')}[" in done.stdout for check in CHECKS)


def test_a_fault_fails_the_item_that_names_it_and_no_other(tmp_path: Path) -> None:
    with shop(tmp_path, PLANTS["kill-child"][0]) as copy:
        done = run(copy, "-k", "kill_child")
    assert done.returncode == 1
    assert "FAILED tests/test_compliance.py::TestShop::test_kill_child[root/goods/stock]" in done.stdout
    assert "PASSED tests/test_compliance.py::TestShop::test_kill_child[root/door]" in done.stdout
    assert "regrow.errors.NotCompliant: kill-child of root/goods/stock:" in done.stdout
    assert "- root/desk/till ended too, which rest_for_one of root/goods doesn't ask" in done.stdout
    assert "in examine" not in done.stdout  # our own frames say nothing


def test_what_could_not_run_fails_unless_it_is_excused(tmp_path: Path) -> None:
    with shop(tmp_path) as copy:
        (tmp_path / copy.package / "main.py").write_text(
            "import regrow as rg\n\n\ndef make_system():\n    return rg.System([], strategy='one_for_one')\n"
        )
        more = ", excuse={'restart-leaks': 'children come later'}"
        done = run(copy, "-k", "kill_child or restart_leaks", more=more)
    assert "FAILED tests/test_compliance.py::TestShop::test_kill_child[could not run]" in done.stdout
    assert "kill-child could not run: no supervisor of the application has a child" in done.stdout
    assert "excuse={'kill-child': 'the reason'}" in done.stdout
    assert "1 failed, 1 skipped" in done.stdout
    assert "excused: children come later" in done.stdout


def test_outside_pytest_its_methods_do_the_same(tmp_path: Path) -> None:
    with shop(tmp_path, PLANTS["restart-intensity"][0]) as copy:
        made = suite(copy.package, app=copy.app)()
        check = check_named("restart-intensity")
        made.examine(check, "root")
        with pytest.raises(NotCompliant, match="1,000,000 restarts"):
            made.examine(check, "root/goods")
        with pytest.raises(CouldNotRun, match="excuse="):
            made.examine(check, CouldNotRun(check.name, "nothing"))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"package": "no/name"}, BadCompliance, "the dotted name of a package"),
        ({"package": "shop", "app": "shop.main"}, BadApplication, "not of the form 'module:factory'"),
        ({"package": "shop", "watch": 0.0}, BadCompliance, "a number of seconds above 0"),
        ({"package": "shop", "environments": {"x": {"": ""}}}, BadCompliance, "environments="),
        ({"package": "shop", "excuse": {"kill-chid": "x"}}, BadExcuse, "did you mean 'kill-child'"),
        ({"package": "shop", "excuse": {"kill-child": " "}}, BadExcuse, "say in words"),
        ({"package": "shop", "sockets": 1}, BadSetting, "sockets"),
    ],
)
def test_bad_options_are_refused(options: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        suite(**options)  # type: ignore[arg-type]
