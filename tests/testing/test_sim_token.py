"""Replay tokens: what they keep, and what they say when they can't be replayed."""

from __future__ import annotations

import pytest

import regrow as rg
from regrow.testing.sim import token as tokens
from regrow.testing.sim.token import digest, read_token, write_token

SOME = {("schedule", 3): 2, ("schedule", 90): -1, ("kill counter", 0): 7, ("turn", 5): 1}


def made() -> str:
    return write_token("tests.test_one", "options", 12, "0123456789abcdef", SOME)


def test_a_token_keeps_what_made_the_run() -> None:
    token = read_token(made())
    assert token.seed == 12
    assert token.trace_hash == "0123456789abcdef"
    assert token.deviations == SOME
    assert token.test == digest("tests.test_one")
    assert token.options == digest("options")


def test_a_token_is_one_short_word() -> None:
    assert len(made()) < 140
    assert made().replace("-", "").replace("_", "").replace(".", "").isalnum()
    assert read_token(f"  {made()}\n").seed == 12


def test_a_run_without_deviations_has_a_token_too() -> None:
    text = write_token("tests.test_one", "options", 2**62, "0123456789abcdef", {})
    assert read_token(text).deviations == {}
    assert read_token(text).seed == 2**62


@pytest.mark.parametrize("text", ["", "rg0.abc", "abc"])
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(rg.errors.BadToken) as raised:
        read_token(text)
    assert str(raised.value) == (
        f"the replay token {text!r} can't be replayed: a token of this version of Regrow begins with rg1."
    )


def test_a_token_that_was_cut_short_or_changed_is_refused() -> None:
    text = made()
    for broken in (text[:-4], text[:20] + "x" + text[21:], "rg1.", "rg1.äö", "rg1.AAAA"):
        with pytest.raises(rg.errors.BadToken, match="can't be replayed: it was cut short or changed"):
            read_token(broken)


def test_a_token_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "__version__", "9.8.7")
    text = made()
    monkeypatch.undo()
    with pytest.raises(rg.errors.BadToken) as raised:
        read_token(text)
    assert str(raised.value).endswith(
        f"can't be replayed: Regrow 9.8.7 made it, and this is {rg.__version__}, which goes other ways"
    )
