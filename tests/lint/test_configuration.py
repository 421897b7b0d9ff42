"""Settings: read with their defaults, refused with their place."""

from pathlib import Path

import pytest

from regrow.errors import BadLintSetting
from regrow.lint.configuration import discover
from regrow.lint.settings import RatchetSettings, Settings


def write(folder: Path, text: str) -> Path:
    file = folder / "pyproject.toml"
    file.write_text(text)
    return file


def test_the_nearest_settings_upwards_are_read(tmp_path: Path) -> None:
    write(tmp_path, '[tool.regrow.check]\nselect = ["RG1"]\nper-file-ignores = { "a/*" = ["RG101"] }\n')
    inner = tmp_path / "src" / "app"
    inner.mkdir(parents=True)
    write(inner, '[project]\nname = "inner"\n')
    found = discover(inner)
    assert found.root == tmp_path
    assert found.settings == Settings(select=("RG1",), per_file_ignores={"a/*": ("RG101",)})


def test_without_any_the_root_is_the_project(tmp_path: Path) -> None:
    write(tmp_path, '[project]\nname = "plain"\n')
    inner = tmp_path / "src"
    inner.mkdir()
    assert (discover(inner).root, discover(inner).settings) == (tmp_path, Settings())


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        (
            '[tool.regrow.check]\nselect = ["RG1"]\n  exlude = []\n',
            (3, 3),
            "[tool.regrow.check] has no key 'exlude'; did you mean exclude?",
        ),
        (
            '[tool.regrow.check]\nrequire-reason = "yes"\n',
            (2, 1),
            "require-reason = 'yes' has to be true or false",
        ),
        ('[tool.regrow.check]\nselect = "RG1"\n', (2, 1), "select: 'RG1' has to be a list of strings"),
        (
            "[tool.regrow.check]\nper-file-ignores = []\n",
            (2, 1),
            "per-file-ignores = [] has to be a table of lists",
        ),
        ("[tool.regrow.chek]\n", (1, 14), "[tool.regrow] has no key 'chek'; did you mean check?"),
        (
            '[tool.regrow.check]\n[tool.regrow.ratchet]\nmode = "loose"\n',
            (3, 1),
            "mode = 'loose' has to be one of exact, no-grow",
        ),
        ("[tool]\nregrow = 3\n", (2, 1), "[tool.regrow] has to be a table"),
        ("tool = { regrow = 3 }\n", (1, 1), "[tool.regrow] has to be a table"),
        ("[tool.regrow]\ncheck = 3\n", (2, 1), "[tool.regrow.check] has to be a table"),
        ("[tool.regrow.ratchet]\nbaseline = 1\n", (2, 1), "baseline = 1 has to be a string that isn't empty"),
        (
            "[tool.regrow.ratchet]\nmax-total = { RG101 = -1 }\n",
            (2, 1),
            "max-total = {'RG101': -1} has to be a table of numbers from 0 on",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, text: str, place: tuple[int, int], problem: str
) -> None:
    file = write(tmp_path, text)
    with pytest.raises(BadLintSetting) as caught:
        discover(tmp_path)
    assert str(caught.value) == f"{file}:{place[0]}:{place[1]}: {problem}"


def test_the_ratchet_has_a_table(tmp_path: Path) -> None:
    assert discover(tmp_path).ratchet == RatchetSettings("regrow-baseline.json", exact=True, max_total={})
    write(
        tmp_path,
        '[tool.regrow.ratchet]\nbaseline = "b.json"\nmode = "no-grow"\nmax-total.RG1 = 41\n',
    )
    assert discover(tmp_path).ratchet == RatchetSettings("b.json", exact=False, max_total={"RG1": 41})


def test_what_is_no_toml_is_said_with_its_place(tmp_path: Path) -> None:
    write(tmp_path, "[tool.regrow.check]\nselect = [\n")
    with pytest.raises(BadLintSetting, match="not TOML: ") as caught:
        discover(tmp_path)
    assert caught.value.line == 2
