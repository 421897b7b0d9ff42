"""Settings of a breaker: each option is checked, with one error of its own."""

import pytest

import regrow as rg


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("failure_rate", 0),
        ("failure_rate", 1.5),
        ("failure_rate", True),
        ("failure_rate", float("nan")),
        ("slow_rate", -0.1),
        ("slow_rate", "half"),
        ("minimum_calls", 0),
        ("minimum_calls", 1.0),
        ("probes", 0),
        ("probes", True),
        ("success_threshold", -1),
        ("window_seconds", 0),
        ("window_seconds", float("inf")),
        ("open_seconds", -1.0),
        ("open_seconds", None),
        ("slow_seconds", 0),
        ("failures", [ValueError]),
        ("failures", (ValueError(),)),
        ("failures", (BaseException,)),
    ],
)
def test_bad_options(option: str, value: object) -> None:
    with pytest.raises(rg.errors.BadSetting, match=rf"^BreakerSettings\({option}=") as caught:
        rg.BreakerSettings(**{option: value})  # type: ignore[arg-type]
    assert caught.value.option == option


def test_settings_are_values() -> None:
    assert rg.BreakerSettings(probes=2) == rg.BreakerSettings(probes=2) != rg.BreakerSettings()
    with pytest.raises(AttributeError):
        rg.BreakerSettings().probes = 2  # type: ignore[misc]
