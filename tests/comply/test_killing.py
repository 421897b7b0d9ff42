"""What has to become of a child that is killed, by what its supervisor says; who keeps to it passes."""

from pathlib import Path

import pytest

from regrow.comply.context import Context
from regrow.comply.killing import Kill, kill
from tests.comply.kit import Plant, shop
from tests.comply.plants import GOODS, MAKE, TILL

ROOT = ', strategy="one_for_one")'
DESK = '        id="desk",\n        strategy="one_for_all",\n        max_restarts=3,\n'
LAST = "    return rg.System([stock, desk, queue, rg.child(Door"
JOURNAL = 'rg.Journal(Path(__file__).with_name("app.db"))'


def killed(root: Path, path: str, *changes: Plant) -> Kill:
    with shop(root, *changes) as copy:
        seen = kill(copy.options(), path)
    assert seen.error is None
    assert seen.left == []
    return seen


@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("root/goods/stock", ("root/goods/stock", "root/goods/watcher")),
        ("root/goods/watcher", ("root/goods/watcher",)),
        ("root/desk/till", ("root/desk/till", "root/desk/greeter")),
        ("root/door", ("root/door",)),
        ("root/desk", ("root/desk",)),
        ("root/queue/Customer[0]", ("root/queue/Customer[0]",)),
    ],
)
def test_the_strategy_says_who_comes_back(path: str, group: tuple[str, ...], tmp_path: Path) -> None:
    seen = killed(tmp_path, path)
    assert (seen.fate, seen.group, seen.problems, seen.grown) == ("restarted", group, [], {})


def test_a_temporary_child_stays_away(tmp_path: Path) -> None:
    seen = killed(tmp_path, "root/desk/greeter")
    assert (seen.fate, seen.group, seen.problems) == ("gone", (), [])


def test_without_a_budget_the_supervisor_gives_up(tmp_path: Path) -> None:
    seen = killed(tmp_path, "root/goods/stock", Plant("main.py", GOODS, GOODS.replace("=3", "=0"), ""))
    assert (seen.fate, seen.problems) == ("gives up", [])


def test_without_a_budget_at_the_root_the_system_ends(tmp_path: Path) -> None:
    seen = killed(tmp_path, "root/door", Plant("main.py", ROOT, f"{ROOT[:-1]}, max_restarts=0)", ""))
    assert (seen.fate, seen.problems) == ("gives up", [])


@pytest.mark.parametrize(
    ("policy", "fate"), [("any_significant", "gives up"), ("all_significant", "gives up"), ("never", "gone")]
)
def test_a_significant_child_may_end_its_supervisor(policy: str, fate: str, tmp_path: Path) -> None:
    significant = str(policy != "never")
    spec = f'rg.child(Till, name="till", restart="temporary", significant={significant})'
    flags = f'{DESK}        auto_shutdown="{policy}",\n        restart="transient",\n'
    changes = (Plant("main.py", TILL, spec, ""), Plant("main.py", DESK, flags, ""))
    seen = killed(tmp_path, "root/desk/till", *changes)
    assert (seen.fate, seen.problems) == (fate, [])


def test_a_back_off_is_waited_for(tmp_path: Path) -> None:
    slow = GOODS + "        backoff=rg.Backoff(base=5.0),\n"
    seen = killed(tmp_path, "root/goods/stock", Plant("main.py", GOODS, slow, ""))
    assert (seen.fate, seen.problems) == ("restarted", [])


@pytest.mark.parametrize(
    ("path", "fate"), [("top/journal", "restarted"), ("top/root", "gives up"), ("top/root/door", "restarted")]
)
def test_services_are_children_like_others(path: str, fate: str, tmp_path: Path) -> None:
    service = Plant("main.py", ROOT, f"{ROOT[:-1]}, services=[{JOURNAL}])", "", "from pathlib import Path\n")
    seen = killed(tmp_path, path, service)
    assert (seen.fate, seen.problems) == (fate, [])


def test_a_child_that_has_gone_by_itself_is_told(tmp_path: Path) -> None:
    seen = killed(tmp_path, "root/nobody")
    assert seen.problems == ["it wasn't there any more when it was to be killed"]


def test_whatever_the_application_raises_is_kept(tmp_path: Path) -> None:
    odd = Plant("main.py", MAKE, f"{MAKE}    raise GeneratorExit('no end')\n", "")
    with shop(tmp_path, odd) as copy:
        assert isinstance(kill(copy.options(), "root/door").error, GeneratorExit)


def test_an_interrupt_ends_the_checks(tmp_path: Path) -> None:
    interrupted = Plant("main.py", MAKE, f"{MAKE}    raise KeyboardInterrupt\n", "")
    with shop(tmp_path, interrupted) as copy, pytest.raises(KeyboardInterrupt):
        kill(copy.options(), "root/door")


def test_each_child_is_killed_once_for_all_checks(tmp_path: Path) -> None:
    with shop(tmp_path) as copy:
        context = Context(copy.options())
        assert context.kill("root/door") is context.kill("root/door")
