"""Draws are the same every time, move little when findings change, and the page counts what was said."""

import json
from pathlib import Path

import pytest

from tests.realworld import draws, table
from tests.realworld.__main__ import main
from tests.realworld.scan import Scan, Site

SEED = 7


def site(number: int, rule: str = "RG101", text: str | None = None) -> Site:
    shown = f"{'x' * number}({', ' * number})" if text is None else text
    return Site(rule, "a==1", f"a{number % 3}.py", number + 1, 5, "what is wrong", shown)


def test_thirty_are_drawn_whatever_their_order() -> None:
    sites = [site(number) for number in range(100)]
    first = draws.drawn(sites, SEED)["RG101"]
    assert len(first) == len(set(first)) == 30
    assert draws.drawn(reversed(sites), SEED)["RG101"] == first
    assert draws.drawn(sites, SEED + 1)["RG101"] != first


def test_one_that_is_found_no_more_leaves_its_place_to_one_other() -> None:
    sites = [site(number) for number in range(100)]
    first = draws.drawn(sites, SEED)["RG101"]
    after = draws.drawn([one for one in sites if one is not first[3]], SEED)["RG101"]
    assert after[:29] == [one for one in first if one is not first[3]]
    assert after[29] not in first


def test_fifteen_where_most_are_one_idiom_and_all_where_there_are_few() -> None:
    same = [site(number, text=f"await sleep({number})") for number in range(50)]
    assert len(draws.drawn([*same, *(site(number) for number in range(50, 100))], SEED)["RG101"]) == 15
    assert len(draws.drawn([*same, *(site(number) for number in range(50, 101))], SEED)["RG101"]) == 30
    assert len(draws.drawn(same[:15], SEED)["RG101"]) == 15
    assert draws.drawn(same[:4], SEED)["RG101"] == sorted(same[:4], key=lambda one: one.rank(SEED))


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(table, "VERDICTS", tmp_path / "verdicts.jsonl")
    monkeypatch.setattr(table, "FOUND", tmp_path / "found.json")
    return tmp_path


def test_verdicts_make_a_page(files: Path) -> None:
    sites = [site(number) for number in range(4)]
    names = [one.rank(SEED) for one in sites]
    a: dict[str, tuple[str, str]] = dict.fromkeys(names, ("right", ""))
    b = {**a, names[1]: ("false", "it is awaited"), names[2]: ("false", "so is this")}
    a[names[2]] = ("false", "so is this")
    assert table.collect({"RG101": sites}, [a, b], SEED) == 4
    table.keep_counts(Scan(sites, [], {"a==1": 2_000}, 3), SEED)
    page = table.rendered()
    assert "| RG101 | unsupervised-spawn | on | 4 | 4 | 2 | 2 | 1 | 50% |" in page
    assert "| RG101 | a==1 a1.py:2 | right | false | it is awaited |" in page
    assert table.too_often_wrong() == ["RG101 unsupervised-spawn: 2 of 4 are false alarms, and it is on"]


def test_the_page_is_written_anew_out_of_what_is_kept(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "PAGE", files / "precision.md")
    table.keep_counts(Scan([site(1)], [], {"a==1": 2_000}, 3), SEED)
    assert main(["table", "--kept"]) == 0
    assert table.PAGE.read_text() == table.rendered()


def test_a_settled_disagreement_counts_as_it_was_settled() -> None:
    apart = table.Verdict("1", "a==1", "a.py", 1, "RG101", "right", "false", reason="owned elsewhere")
    assert apart.is_false_alarm
    assert not table.Verdict("1", "a==1", "a.py", 1, "RG101", "right", "false", "right").is_false_alarm
    assert apart.problem is None
    assert table.Verdict("1", "a==1", "a.py", 1, "RG101", "false", "false").problem == "1: says no reason"
    assert table.Verdict("1", "a==1", "a.py", 1, "RG101", "yes", "right").problem


def test_verdicts_that_do_not_fit_the_draws_are_told(files: Path) -> None:
    old, new = site(1), site(2)
    both = {old.rank(SEED): ("right", "")}
    table.collect({"RG101": [old]}, [both, both], SEED)
    assert list(table.misfits({"RG101": [old]}, SEED)) == []
    assert list(table.misfits({"RG101": [new]}, SEED)) == [
        f"not judged: RG101 {new.rank(SEED)} a==1 a2.py:3",
        f"not drawn: RG101 {old.rank(SEED)}",
    ]
    assert table.collect({"RG101": [new]}, [both, both], SEED) == 0


def test_readers_see_the_code_and_the_rules_text_in_an_order_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draws, "excerpt", lambda site: f"> {site.line}  {site.text}")
    sites = {"RG101": [site(number) for number in range(10)]}
    first, second = (
        [json.loads(line) for line in file.read_text().splitlines()]
        for file in draws.hand_out(sites, tmp_path / "out", SEED)
    )
    assert sorted(one["id"] for one in first) == sorted(one["id"] for one in second)
    assert first != second
    assert set(first[0]) == {"id", "rule", "where", "message", "excerpt"}
    assert (tmp_path / "out" / "rules" / "RG101.md").read_text().startswith("# RG101 unsupervised-spawn\n")


def test_the_committed_verdicts_are_sound_and_make_the_committed_page() -> None:
    verdicts = table.read()
    assert [one.problem for one in verdicts if one.problem] == []
    assert len({one.id for one in verdicts}) == len(verdicts)
    if table.PAGE.exists():
        assert table.PAGE.read_text() == table.rendered()
