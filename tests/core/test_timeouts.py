"""The timeout table: precedence, overrides, the factor, and what earlier tables got wrong."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrow.core.timeouts import STANDARD, Key, Timeouts, TimeoutTable, check_timeout, read_factor
from regrow.errors import BadTimeout, BadTimeoutEntry, BadTimeoutFactor, UnknownTimeout


class Base:
    def query(self) -> None: ...
    def health_check(self) -> None: ...
    def long(self) -> None: ...


class Mixin:
    def query(self) -> None: ...


class Server(Mixin, Base):
    pass


NO_TIMEOUTS: list[float] = [0, 0.0, -1, -0.5, math.inf, -math.inf, math.nan, True, False, 86_400.1, 10**400]
NO_TIMEOUTS += [None, [], 1j, b"5"]  # type: ignore[list-item]


@pytest.mark.parametrize("value", NO_TIMEOUTS)
def test_no_wait_is_without_a_bound(value: object) -> None:
    with pytest.raises(BadTimeout, match="give seconds above 0 and at most 86400, or a name") as caught:
        check_timeout(value)
    assert caught.value.value is value
    with pytest.raises(BadTimeout):
        Timeouts().resolve(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [1, 0.001, 86_400, 5e-324])
def test_a_timeout_is_a_float(value: float) -> None:
    seconds = check_timeout(value)
    assert seconds == value
    assert type(seconds) is float


def test_standard_names() -> None:
    timeouts = Timeouts()
    assert [timeouts.resolve(name) for name in ("default", "long", "critical")] == [5.0, 30.0, 60.0]
    assert timeouts.resolve("health_check") == 1.0
    assert timeouts.resolve("network_call:weather") == 60.0


def test_seconds_are_taken_as_they_are() -> None:
    timeouts = Timeouts(TimeoutTable({Server: 9.0, "query": 8.0}), factor=10.0)
    timeouts.set("default", 7.0)
    assert timeouts.resolve(2, server=Server, operation="query") == 2.0


PRECEDENCE: list[tuple[Key, float]] = [
    ((Server, "query"), 1.0),
    ((Mixin, "query"), 2.0),
    ((Base, "query"), 3.0),
    ("query", 4.0),
    (Server, 5.5),
    (Mixin, 6.0),
    (Base, 7.0),
    ("default", 8.0),
]


@pytest.mark.parametrize("first", range(len(PRECEDENCE)))
def test_default_takes_the_most_specific_entry(first: int) -> None:
    entries = dict(PRECEDENCE[first:])
    assert (
        Timeouts(TimeoutTable(entries)).resolve("default", server=Server, operation="query")
        == (PRECEDENCE[first][1])
    )


@pytest.mark.parametrize("first", range(len(PRECEDENCE)))
def test_overrides_take_the_most_specific_one_too(first: int) -> None:
    timeouts = Timeouts(TimeoutTable({"query": 50.0, "default": 50.0}))
    for key, seconds in PRECEDENCE[first:]:
        timeouts.set(key, seconds)
    expected = PRECEDENCE[first][1] if PRECEDENCE[first][0] != "default" else 50.0
    assert timeouts.resolve("default", server=Server, operation="query") == expected


def test_an_override_of_the_server_goes_before_an_entry_of_the_operation() -> None:
    timeouts = Timeouts(TimeoutTable({(Server, "query"): 1.0}))
    timeouts.set(Base, 20.0)
    assert timeouts.resolve("default", server=Server, operation="query") == 20.0


def test_an_override_of_default_replaces_that_entry_alone() -> None:
    timeouts = Timeouts(TimeoutTable({Base: 30.0}))
    timeouts.set("default", 1.0)
    assert timeouts.resolve("default") == 1.0
    assert timeouts.resolve("default", server=Server) == 30.0


def test_a_pattern_stands_between_operation_and_server() -> None:
    table = TimeoutTable({("fetch", "*"): 4.0, "fetch:small": 2.0, Server: 9.0})
    timeouts = Timeouts(table)
    assert timeouts.resolve("default", server=Server, operation="fetch:small") == 2.0
    assert timeouts.resolve("default", server=Server, operation="fetch:big") == 4.0
    assert timeouts.resolve("default", server=Server, operation="fetch") == 9.0
    assert timeouts.resolve("fetch:big") == 4.0
    assert timeouts.resolve("fetch:small") == 2.0


def test_a_name_means_its_entry_whoever_is_called() -> None:
    timeouts = Timeouts(TimeoutTable({Server: 9.0, (Server, "query"): 8.0}))
    assert timeouts.resolve("long", server=Server, operation="query") == 30.0


def test_a_handler_called_long_is_not_the_name_long() -> None:
    assert Timeouts().resolve("default", server=Server, operation="long") == 5.0


# Defects of the table that this one was written after.


def test_defect_a_class_is_found_by_itself_not_by_its_name() -> None:
    """There a module and its name were compared as texts, so that it always got the default."""
    timeouts = Timeouts(TimeoutTable({Base: 30.0}))
    assert timeouts.resolve("default", server=Base) == 30.0
    assert timeouts.resolve("default", server=Server) == 30.0
    with pytest.raises(UnknownTimeout):
        timeouts.resolve("Base")


def test_defect_no_unknown_name_gets_the_default() -> None:
    timeouts = Timeouts(TimeoutTable({"reindex": 120.0}))
    with pytest.raises(
        UnknownTimeout, match=r"isn't in the timeout table; did you mean 'reindex'\?"
    ) as caught:
        timeouts.resolve("reindx", server=Server)
    assert caught.value.closest == "reindex"
    assert {"default", "long", "critical", "reindex"} <= set(caught.value.known)
    assert all(repr(name) in str(caught.value) for name in caught.value.known)
    with pytest.raises(UnknownTimeout) as caught:
        timeouts.resolve("zzzz")
    assert caught.value.closest is None
    assert "did you mean" not in str(caught.value)


def test_defect_an_empty_name_or_operation_is_no_crash_of_the_table() -> None:
    with pytest.raises(UnknownTimeout):
        Timeouts().resolve("")
    with pytest.raises(UnknownTimeout):
        Timeouts().resolve(":")
    assert Timeouts().resolve("default", server=None, operation="") == 5.0


@pytest.mark.parametrize("factor", [0, 0.0, -1.0, math.inf, -math.inf, math.nan, True, None, "2"])
def test_defect_no_factor_makes_a_timeout_zero_or_endless(factor: float) -> None:
    with pytest.raises(BadTimeoutFactor, match="finite number above 0"):
        Timeouts(factor=factor)


@pytest.mark.parametrize("factor", [5e-324, 1e9])
def test_defect_no_scaled_entry_leaves_the_range(factor: float) -> None:
    with pytest.raises(BadTimeoutFactor, match="it makes the entry"):
        Timeouts(TimeoutTable({"brief": 0.1}), factor=factor)


@pytest.mark.parametrize("seconds", NO_TIMEOUTS)
def test_defect_no_entry_is_endless(seconds: float) -> None:
    with pytest.raises(BadTimeoutEntry, match="seconds above 0 and at most 86400"):
        TimeoutTable({"x": seconds})
    with pytest.raises(BadTimeoutEntry):
        Timeouts().set("default", seconds)


def test_defect_explicit_numbers_and_overrides_are_not_scaled_entries_are() -> None:
    timeouts = Timeouts(TimeoutTable({Server: 2.0}), factor=3.0)
    assert timeouts.resolve("default", server=Server) == 6.0
    assert timeouts.resolve("long") == 90.0
    timeouts.set(Server, 2.0)
    assert timeouts.resolve("default", server=Server) == 2.0
    assert timeouts.resolve(2.0, server=Server) == 2.0


def test_defect_overrides_really_work_at_run_time() -> None:
    timeouts = Timeouts()
    assert timeouts.resolve("long") == 30.0
    timeouts.set("long", 1.0)
    assert timeouts.resolve("long") == 1.0
    timeouts.clear("long")
    assert timeouts.resolve("long") == 30.0
    timeouts.set("long", 2.0)
    timeouts.set("critical", 2.0)
    assert timeouts.overrides == {"long": 2.0, "critical": 2.0}
    timeouts.clear()
    assert timeouts.overrides == {}
    timeouts.clear("long")


def test_override_for_a_block() -> None:
    timeouts = Timeouts()
    timeouts.set("long", 3.0)
    with timeouts.override("long", 2.0):
        assert timeouts.resolve("long") == 2.0
        with timeouts.override("long", 1.0):
            assert timeouts.resolve("long") == 1.0
        assert timeouts.resolve("long") == 2.0
    assert timeouts.resolve("long") == 3.0
    with pytest.raises(KeyError), timeouts.override("long", 2.0):
        raise KeyError
    assert timeouts.resolve("long") == 3.0
    with timeouts.override("default", 1.0):
        assert timeouts.resolve("default") == 1.0
    assert timeouts.resolve("default") == 5.0


def test_an_override_can_not_be_misspelt() -> None:
    with pytest.raises(UnknownTimeout, match=r"did you mean 'critical'\?"):
        Timeouts().set("critcal", 1.0)
    with pytest.raises(BadTimeoutEntry, match="Server has no handler 'qeury'"):
        Timeouts().set((Server, "qeury"), 1.0)


def test_two_systems_do_not_see_each_others_overrides() -> None:
    table = TimeoutTable({"x": 1.0})
    one, other = Timeouts(table), Timeouts(table, factor=2.0)
    one.set("x", 9.0)
    assert (one.resolve("x"), other.resolve("x")) == (9.0, 2.0)
    assert table.entries["x"] == 1.0


@pytest.mark.parametrize(
    "key",
    ["", 5, None, object, ("a", "b"), ("", "*"), ("a:b", "*"), (Server, ""), (Server, 1), (1, "*"), ("a",)],
)
def test_bad_keys(key: Key) -> None:
    with pytest.raises(BadTimeoutEntry, match="a key is a name, a server class"):
        TimeoutTable({key: 1.0})


def test_an_entry_for_a_handler_that_there_is_not() -> None:
    with pytest.raises(BadTimeoutEntry, match="Server has no handler 'qeury'"):
        TimeoutTable({(Server, "qeury"): 1.0})


def test_a_table_is_a_value() -> None:
    given: dict[Key, float] = {"x": 1.0}
    table = TimeoutTable(given)
    given["x"] = 2.0
    table.entries["x"] = 3.0
    assert table == TimeoutTable({"x": 1})
    assert hash(table) == hash(TimeoutTable({"x": 1.0}))
    assert table != TimeoutTable()
    assert table != "x"
    assert repr(table) == "TimeoutTable({'x': 1.0})"
    assert repr(TimeoutTable()) == "TimeoutTable()"
    assert set(table.names) == {key for key in STANDARD if isinstance(key, str)} | {"x"}


@pytest.mark.parametrize(
    ("text", "factor"), [(None, 1.0), ("", 1.0), (" ", 1.0), ("2", 2.0), (" 0.5 ", 0.5), ("1e2", 100.0)]
)
def test_reading_the_factor(text: str | None, factor: float) -> None:
    environment = {} if text is None else {"REGROW_TIMEOUT_FACTOR": text}
    assert read_factor(environment) == factor


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "two", "1,5"])
def test_a_bad_factor_in_the_environment(text: str) -> None:
    with pytest.raises(BadTimeoutFactor, match="Set REGROW_TIMEOUT_FACTOR to a number") as caught:
        read_factor({"REGROW_TIMEOUT_FACTOR": text})
    assert caught.value.value == text


def test_what_is_found_is_remembered_within_bounds() -> None:
    timeouts = Timeouts()
    for number in range(5000):
        assert timeouts.resolve(f"network_call:{number}") == 60.0
    timeouts.set(("network_call", "*"), 1.0)
    assert timeouts.resolve("network_call:7") == 1.0


SECONDS = st.floats(0.01, 1000)
ENTRIES = st.dictionaries(st.sampled_from([key for key, _ in PRECEDENCE]), SECONDS)


@given(ENTRIES, ENTRIES, st.floats(0.1, 50), st.tuples(st.booleans(), st.booleans()))
def test_precedence_against_a_plain_search(
    entries: dict[Key, float], overrides: dict[Key, float], factor: float, given: tuple[bool, bool]
) -> None:
    with_server, with_name = given
    timeouts = Timeouts(TimeoutTable(entries), factor=factor)
    for key, seconds in overrides.items():
        if key != "query" or "query" in entries:
            timeouts.set(key, seconds)
    asked = [
        key
        for key, _ in PRECEDENCE[:-1]
        if (with_server or isinstance(key, str)) and (with_name or isinstance(key, type))
    ]
    scaled = {key: seconds * factor for key, seconds in {"default": 5.0, **entries}.items()}
    found = [timeouts.overrides[key] for key in asked if key in timeouts.overrides]
    found += [scaled[key] for key in asked if key in scaled]
    found.append(timeouts.overrides.get("default", scaled["default"]))
    for _ in range(2):
        assert found[0] == timeouts.resolve(
            "default",
            server=Server if with_server else None,
            operation="query" if with_name else None,
        )
