"""Install the wheel and the sdist, each in a clean environment, and run the README's program there.

Run: python tools/check_dist.py dist
"""

import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
PROGRAM = re.compile(r"^```python\n(.*?)^```$.*?^```\w*\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"check_dist: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def check(distribution: Path) -> None:
    found = PROGRAM.search(README.read_text())
    assert found is not None, "the README has no program with its output"
    program, output = found.groups()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv.create(folder / "venv", with_pip=True)
        python = folder / "venv" / "bin" / "python"
        run(python, "-m", "pip", "install", "--quiet", distribution.resolve(), cwd=folder)
        (folder / "program.py").write_text(program)
        printed = run(python, "program.py", cwd=folder)
        if printed != output:
            sys.exit(
                f"check_dist: {distribution.name}: the README's program printed\n{printed}\nnot\n{output}"
            )
        typed = "import regrow, pathlib; print((pathlib.Path(regrow.__file__).parent / 'py.typed').exists())"
        if run(python, "-c", typed, cwd=folder).strip() != "True":
            sys.exit(f"check_dist: {distribution.name}: py.typed is missing")
    print(f"check_dist: {distribution.name}: installs and runs the README's program")


def main() -> int:
    folder = Path(sys.argv[1])
    distributions = sorted([*folder.glob("*.whl"), *folder.glob("*.tar.gz")])
    if len(distributions) != 2:
        sys.exit(
            f"check_dist: {folder} holds {len(distributions)} distributions, not one wheel and one sdist"
        )
    for distribution in distributions:
        check(distribution)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
