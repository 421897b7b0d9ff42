"""``check --check-config``: what would be used, and what is probably not meant."""

from pathlib import Path

import pytest

from regrow.lint.command import main

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("src/a.py", "src/b.py", "tests/test_a.py", "tests/conftest.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("import asyncio\nasyncio.create_task(f())\n")
    return tmp_path


def settings(text: str) -> None:
    Path("pyproject.toml").write_text(text)


def test_it_says_what_would_be_used_and_checks_nothing(root: Path, capsys: Captured) -> None:
    settings(
        '[tool.regrow.check]\nselect = ["RG10"]\nextend-select = ["RG106"]\nallow-sleep-zero = false\n'
        'per-file-ignores = { "a.py" = ["RG101"] }\n[tool.regrow.ratchet]\nmode = "no-grow"\n'
    )
    assert main(["check", "--check-config", "--ignore", "RG105"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert err == ""
    assert lines[:7] == [
        f"settings: {root / 'pyproject.toml'}",
        f"root: {root}",
        "  select: 'RG10'",
        "  ignore: 'RG105'",
        "  extend-select: 'RG106'",
        "  per-file-ignores: a.py: 'RG101'",
        "  allow-sleep-zero: false",
    ]
    assert lines[7].startswith("rules on: RG101 RG102")
    assert "RG106" in lines[7]
    assert "RG105" in lines[8]
    assert lines[9:] == [
        "files: 4 files (2 code, 1 support, 1 test)",
        "baseline: regrow-baseline.json (no-grow), not there",
    ]
    assert not (root / ".regrow_cache").exists()


def test_without_settings_it_says_so(capsys: Captured) -> None:
    assert main(["check", "--check-config"]) == 0
    assert capsys.readouterr().out.startswith("settings: no pyproject.toml has a table [tool.regrow]\n")


@pytest.mark.parametrize(
    ("name", "text", "warned"),
    [
        ("pyproject.toml", "[tool.ruff]\nline-length = 9\n", True),
        ("pyproject.toml", "[tool.ruff.lint]\nexternal = ['V']\n", True),
        ("pyproject.toml", "[tool.ruff.lint]\nexternal = ['V', 'RG']\n", False),
        ("pyproject.toml", "[tool.ruff]\nexternal = ['RG']\n", False),
        ("pyproject.toml", "[project]\nname = 'x'\n", False),
        ("ruff.toml", "line-length = 9\n", True),
        (".ruff.toml", "[lint]\nexternal = ['RG']\n", False),
        ("ruff.toml", "this is no TOML\n", False),
        ("ruff.toml", "lint = 3\nexternal = 3\n", True),
    ],
)
def test_ruff_has_to_be_told_of_our_codes(name: str, text: str, warned: bool, capsys: Captured) -> None:
    Path(name).write_text(text)
    assert main(["check", "--check-config"]) == 0
    err = capsys.readouterr().err
    assert (f'warning: {name} configures ruff without `external = ["RG"]`' in err) is warned
    assert err.count("\n") == warned


def test_folders_that_arent_there_are_doubtful(capsys: Captured) -> None:
    settings('[tool.regrow.check]\nsrc = ["src", "lib"]\ntests = ["tset", "te*"]\n')
    assert main(["check", "--check-config"]) == 0
    assert capsys.readouterr().err == "warning: src: 'lib' isn't there\nwarning: tests: 'tset' isn't there\n"


def test_bad_settings_are_still_errors(capsys: Captured) -> None:
    settings('[tool.regrow.check]\nselect = ["RG1O1"]\n')
    assert main(["check", "--check-config"]) == 2
    settings("[tool.regrow.check]\nselect = []\n")
    assert main(["check", "--check-config"]) == 2
    assert capsys.readouterr().err.endswith("no rules to check: select and ignore leave none on\n")
