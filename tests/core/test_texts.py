"""What can be written down as text."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrow.core.texts import is_name, writable


@pytest.mark.parametrize("value", ["", None, 5, b"a", "\udce9", "a\ud800b", os.fsdecode(b"caf\xe9")])
def test_no_names(value: Any) -> None:
    assert not is_name(value)


@given(st.text(alphabet=st.characters()))
def test_what_is_written_is_the_text_or_shows_what_can_not_be(text: str) -> None:
    written = writable(text)
    assert written.encode().decode() == written
    assert (written == text) == (is_name(text) or not text)


def test_what_can_not_be_is_shown() -> None:
    assert writable("caf\udce9") == "caf\\udce9"
