"""The baseline: what is new and what is gone when lines move, files are renamed, and findings are swapped."""

import itertools
import json
import random
from pathlib import Path

import pytest

from regrow.errors import BadBaseline
from regrow.lint.model import Finding
from regrow.lint.ratchet.baseline import Baseline, Entry, Increase, dumps, load, loads, save
from regrow.lint.ratchet.comparing import Comparison, Located, compare, grown, tightened
from regrow.lint.ratchet.fingerprints import fingerprint, numbered

DAY = "2026-11-21"


def finding(text: str, *, path: str = "a.py", code: str = "RG101", scope: str = "", line: int = 1) -> Finding:
    return Finding(code, "odd", "it is odd", path, line, 1, line, 2, scope=scope, text=text)


def located(*findings: Finding) -> list[Located]:
    return [(one.path, one) for one in findings]


def everywhere(_: str) -> bool:
    return True


def written(*findings: Finding) -> Baseline:
    return grown(Baseline(), compare(Baseline(), located(*findings), everywhere), today=DAY)


def against(baseline: Baseline, *findings: Finding) -> Comparison:
    return compare(baseline, located(*findings), everywhere)


def test_a_fingerprint_is_of_rule_scope_and_line() -> None:
    one = fingerprint(finding("spawn( f )", line=3))
    assert one == fingerprint(finding("spawn(f)", line=9, path="b.py"))
    others = [finding("spawn(g)"), finding("spawn(f)", code="RG102"), finding("spawn(f)", scope="main")]
    assert len({one, *map(fingerprint, others)}) == 4


def test_what_is_the_same_in_a_file_is_numbered() -> None:
    twice = [finding("x"), finding("x", line=2), finding("x", path="b.py")]
    assert [mark[-2:] for _, mark in numbered(twice)] == [":1", ":2", ":1"]


def test_moved_lines_are_known() -> None:
    baseline = written(finding("x", line=1), finding("x", line=2))
    comparison = against(baseline, finding("x", line=30), finding("x", line=40))
    assert (comparison.new, comparison.gone, comparison.is_loose) == ((), {}, False)
    assert len(comparison.known) == 2


def test_one_more_of_the_same_is_new() -> None:
    comparison = against(written(finding("x")), finding("x"), finding("x", line=2))
    assert comparison.new == (("a.py", finding("x", line=2)),)
    assert comparison.growth() == {("a.py", "RG101"): 1}


def test_a_renamed_file_is_known_and_the_baseline_is_loose() -> None:
    baseline = written(finding("x"), finding("y"))
    comparison = against(baseline, finding("x", path="b.py"), finding("y", path="b.py"))
    assert (comparison.new, comparison.gone, comparison.moved) == ((), {}, 2)
    assert comparison.is_loose
    after = tightened(baseline, comparison)
    assert after.entries == {("b.py", "RG101"): baseline.entries["a.py", "RG101"]}
    again = against(after, finding("x", path="b.py"), finding("y", path="b.py"))
    assert not again.is_loose


def test_what_stays_isnt_taken_for_what_moved() -> None:
    baseline = written(finding("x"))
    comparison = against(baseline, finding("x"), finding("x", path="b.py"))
    assert [file for file, _ in comparison.new] == ["b.py"]


def test_what_is_gone_is_told_and_tightened() -> None:
    baseline = written(finding("x"), finding("y"), finding("z", path="b.py"))
    comparison = against(baseline, finding("x"))
    assert comparison.gone == {("a.py", "RG101"): 1, ("b.py", "RG101"): 1}
    assert tightened(baseline, comparison).counts() == {"RG101": 1}


def test_a_swap_is_new_and_only_in_its_own_file_no_growth() -> None:
    baseline = written(finding("x"), finding("y"))
    changed = against(baseline, finding("x"), finding("yy"))
    assert (len(changed.new), changed.growth()) == (1, {})
    elsewhere = against(baseline, finding("x"), finding("yy", path="b.py"))
    assert elsewhere.growth() == {("b.py", "RG101"): 1}
    other_rule = against(baseline, finding("x"), finding("y", code="RG102"))
    assert other_rule.growth() == {("a.py", "RG102"): 1}


def test_files_that_the_run_isnt_about_stay() -> None:
    baseline = written(finding("x"), finding("x", path="lib/b.py"))
    comparison = compare(baseline, [], lambda file: file == "a.py")
    assert comparison.gone == {("a.py", "RG101"): 1}
    assert list(tightened(baseline, comparison).entries) == [("lib/b.py", "RG101")]
    copied = compare(baseline, located(finding("x"), finding("x", path="c.py")), lambda file: file == "a.py")
    assert [file for file, _ in copied.new] == ["c.py"]


def test_growth_is_logged_with_its_reason() -> None:
    baseline = written(finding("x"))
    comparison = against(baseline, finding("x"), finding("y"), finding("z", path="b.py"))
    after = grown(baseline, comparison, today="2026-12-01", reasons={"RG101": "legacy"})
    assert after.increases == (Increase("2026-12-01", "RG101", 2, "legacy"),)
    assert {key: (one.since, one.reason) for key, one in after.entries.items()} == {
        ("a.py", "RG101"): (DAY, "legacy"),
        ("b.py", "RG101"): ("2026-12-01", "legacy"),
    }


def test_whatever_changes_writing_settles_it() -> None:
    """For findings drawn at random: after `grown` nothing is new or gone; after `tightened` nothing gone."""
    draw = random.Random(5)
    pool = [
        finding(text, path=path, code=code)
        for text, path, code in itertools.product("xyz", ("a.py", "b.py"), ("RG101", "RG102"))
    ]
    for _ in range(200):
        before, after = draw.choices(pool, k=draw.randrange(8)), draw.choices(pool, k=draw.randrange(8))
        baseline = written(*before)
        comparison = against(baseline, *after)
        total = sum(baseline.counts().values())
        assert len(comparison.new) - sum(comparison.gone.values()) == len(after) - total
        settled = against(grown(baseline, comparison, today=DAY), *after)
        assert (settled.new, settled.is_loose) == ((), False)
        tight = against(tightened(baseline, comparison), *after)
        assert (len(tight.new), tight.is_loose) == (len(comparison.new), False)


def test_two_equal_lines_of_a_function_have_one_fingerprint_twice() -> None:
    entry = Entry(("1", "1"), DAY)
    baseline = Baseline({("a.py", "RG101"): entry})
    assert loads(dumps(baseline).encode(), "b.json").entries["a.py", "RG101"] == entry


# -- the file --------------------------------------------------------------------------------------


def test_the_file_is_sorted_and_read_back(tmp_path: Path) -> None:
    entries = {("b.py", "RG101"): Entry(("2", "3"), DAY), ("a.py", "RG102"): Entry(("1",), DAY, "wanted")}
    baseline = Baseline(entries, (Increase(DAY, "RG102", 1, "wanted"),))
    file = tmp_path / "b.json"
    save(file, baseline)
    assert load(file) == baseline
    assert list(json.loads(file.read_text())["findings"]) == ["a.py", "b.py"]
    assert file.read_text() == dumps(Baseline(dict(reversed(entries.items())), baseline.increases))
    assert [one.name for one in tmp_path.iterdir()] == ["b.json"]


def test_the_name_of_a_file_may_be_any_bytes(tmp_path: Path) -> None:
    file = tmp_path / "regrow-baseline.json"
    baseline = written(finding("x", path="a\udcff.py"))
    save(file, baseline)
    assert load(file) == baseline
    assert b"a\\udcff.py" in file.read_bytes()


GOOD = dumps(written(finding("x"), finding("y", path="b.py")))
GROWN = dumps(Baseline({("a.py", "RG101"): Entry(("1",), DAY)}, (Increase(DAY, "RG101", 1, "legacy"),)))


def test_branches_that_mend_one_finding_each_merge_to_a_baseline() -> None:
    """Line by line, as git does: what either has taken out is out."""
    text = dumps(Baseline({("a.py", "RG101"): Entry(tuple("12345"), DAY)}))
    merged = text
    for mark in "24":
        mended = dumps(Baseline({("a.py", "RG101"): Entry(tuple("12345".replace(mark, "")), DAY)}))
        out = [line for line in text.splitlines() if line not in mended.splitlines()]
        assert len(out) == 1
        assert len(mended) == len(text) - len(out[0]) - 1
        merged = merged.replace(f"{out[0]}\n", "")
    assert loads(merged.encode(), "b.json").entries["a.py", "RG101"].fingerprints == ("1", "3", "5")


@pytest.mark.parametrize(
    ("data", "place", "problem"),
    [
        (GOOD[:40].encode(), (4, 10), "not JSON: "),
        (b"<<<<<<< HEAD\n", (1, 1), "not JSON: a merge's conflict: keep one side"),
        (b'{"a\n', (1, 4), "not JSON: "),
        (b'{\n "\xff": 1}', (2, 3), "not UTF-8: byte 0xff"),
        (b"", (1, 1), "not JSON: "),
        (b"[]", (1, 1), "not a baseline: the file has to be an object"),
        (b"[" * 100_000, (1, 1), "not a baseline: nested too deeply"),
        (GOOD.replace('"schema": 1', '"schema": 9').encode(), (2, 2), "schema 9 isn't known, only 1"),
        (
            GOOD.replace('"fingerprints"', '"marks"').encode(),
            (6, 5),
            "'marks' isn't known, only fingerprints, ",
        ),
        (GROWN.replace('"1"', "1").encode(), (5, 4), "fingerprints have to be texts"),
        (GROWN.replace('"1"', "").encode(), (5, 4), "fingerprints have to be texts, one at least"),
        (GOOD.replace(DAY, "").replace('""', "3").encode(), (5, 4), "since and reason have to be texts"),
        (GOOD.replace("b.py", "a.py").encode(), (4, 3), "'a.py' stands here twice"),
        (GOOD.replace("[]", "[1]").encode(), (21, 2), "an increase has to be an object"),
        (GOOD.replace("[]", "{}").encode(), (21, 2), "increases has to be a list"),
        (b'{"schema": 1,\n "findings": {"a.py": 3}}', (2, 15), "a file has to be an object"),
        (GOOD.replace("increases", "increase").encode(), (21, 2), "'increase' isn't known, only schema, "),
        (GOOD.replace('"since"', '"count": -1, "since"').encode(), (9, 5), "'count' isn't known, only "),
        (GROWN.replace('"by"', '"why": "", "by"').encode(), (17, 4), "'why' isn't known, only date, "),
        (GROWN.replace('"by": 1', '"by": -1').encode(), (17, 4), "by has to be a number from 1 on"),
        (GROWN.replace('"by": 1', '"by": 0').encode(), (17, 4), "by has to be a number from 1 on"),
        (GROWN.replace('"by": 1', '"by": true').encode(), (17, 4), "by has to be a number from 1 on"),
        (GROWN.replace('"RG101",', "101,").encode(), (13, 2), "date, rule and reason have to be texts"),
    ],
)
def test_what_is_no_baseline_is_one_error_with_its_place(
    data: bytes, place: tuple[int, int], problem: str
) -> None:
    with pytest.raises(BadBaseline) as caught:
        loads(data, "b.json")
    assert str(caught.value).startswith(f"b.json:{place[0]}:{place[1]}: ")
    assert problem in str(caught.value)
    assert str(caught.value).endswith("delete it and run `regrow baseline write`")


def test_a_baseline_that_cant_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadBaseline, match="can't be written: No such file or directory"):
        save(tmp_path / "gone" / "b.json", Baseline())
    (tmp_path / "folder").mkdir()
    with pytest.raises(BadBaseline, match="can't be written: Is a directory"):
        save(tmp_path / "folder", Baseline())
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]
