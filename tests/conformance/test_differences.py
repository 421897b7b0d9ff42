"""Every listed difference is what the list says, on both sides."""

from __future__ import annotations

import pytest

from tests.conformance import differences_regrow, erlang_side
from tests.conformance.differences import LISTED, Listed

LIVE = pytest.mark.skipif(not erlang_side.available(), reason="no erl on the path")


@pytest.mark.parametrize("entry", LISTED, ids=lambda entry: entry.id)
def test_regrow_does_what_the_list_says(entry: Listed) -> None:
    assert differences_regrow.run(entry.id) == entry.regrow


@LIVE
def test_erlang_does_what_the_list_says() -> None:
    assert erlang_side.run_differences() == {entry.id: entry.otp for entry in LISTED}


def test_both_sides_do_differ() -> None:
    assert [entry.id for entry in LISTED if entry.otp == entry.regrow] == []
