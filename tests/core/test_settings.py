"""Settings: the defaults, and each number that is refused."""

import pytest

from regrow.core.settings import COUNTS, COUNTS_OR_NONE, FLAGS, SECONDS, Settings
from regrow.errors import BadSetting


def test_defaults() -> None:
    settings = Settings()
    assert (settings.mailbox_capacity, settings.kill_grace, settings.max_warm) == (10_000, 1.0, 1000)
    assert (settings.slice_messages, settings.turn_messages, settings.turn_seconds) == (64, 1024, 0.005)
    assert (settings.start_timeout, settings.shutdown, settings.stop_timeout) == (5.0, 5.0, 30.0)
    assert settings.freeze_gc is False


def test_every_field_is_checked() -> None:
    assert sorted(Settings.__struct_fields__) == sorted((*COUNTS, *COUNTS_OR_NONE, *SECONDS, *FLAGS))


@pytest.mark.parametrize("option", COUNTS)
@pytest.mark.parametrize("value", [0, -1, 1.5, True, None, "64"])
def test_counts(option: str, value: object) -> None:
    with pytest.raises(BadSetting, match="a whole number, 1 or more") as caught:
        Settings(**{option: value})  # type: ignore[arg-type]
    assert (caught.value.option, caught.value.value) == (option, value)
    assert str(caught.value).startswith(f"Settings({option}={value!r}) can't be used")


@pytest.mark.parametrize("option", COUNTS_OR_NONE)
def test_counts_that_may_be_nothing(option: str) -> None:
    assert getattr(Settings(**{option: 0}), option) == 0  # type: ignore[arg-type]
    with pytest.raises(BadSetting, match="a whole number, 0 or more"):
        Settings(**{option: -1})  # type: ignore[arg-type]


@pytest.mark.parametrize("option", SECONDS)
@pytest.mark.parametrize("value", [0, -1.0, float("inf"), float("nan"), True, None, "5", 86_401])
def test_seconds(option: str, value: object) -> None:
    with pytest.raises(BadSetting, match="seconds above 0 and at most 86400"):
        Settings(**{option: value})  # type: ignore[arg-type]
    assert getattr(Settings(**{option: 2}), option) == 2  # type: ignore[arg-type]


def test_flags() -> None:
    assert Settings(freeze_gc=True).freeze_gc
    with pytest.raises(BadSetting, match="True or False"):
        Settings(freeze_gc=1)  # type: ignore[arg-type]


def test_a_turn_is_no_shorter_than_a_slice() -> None:
    with pytest.raises(BadSetting, match="at least slice_messages, 2000"):
        Settings(slice_messages=2000)
    assert Settings(slice_messages=2000, turn_messages=2000).slice_messages == 2000
