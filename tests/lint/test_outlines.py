"""What files tell each other of the classes that are processes, without being parsed."""

from pathlib import Path

import pytest

from regrow.lint.configuration import Configuration
from regrow.lint.discovery import find
from regrow.lint.facts.servers import SERVERS, is_server
from regrow.lint.file import SourceFile
from regrow.lint.outlines import Outlines, gather
from regrow.lint.parsing import parse
from regrow.lint.project import Project
from regrow.lint.run import check_paths
from regrow.lint.settings import Settings

ROOT = "regrow.GenServer"


def project(**files: str) -> Project:
    """Facts of modules; ``app__base`` is ``app.base``, ``app__init`` the package ``app`` itself."""
    outlines = Outlines()
    for name, text in files.items():
        module = name.replace("__", ".")
        package = module.endswith(".init")
        outlines.add(text.encode(), module.removesuffix(".init"), package=package)
    return outlines.project(SERVERS)


@pytest.mark.parametrize(
    "text",
    [
        "import regrow as rg\n\nclass Base(rg.GenServer): ...\n",
        "import regrow\nclass Base(Generic[T], regrow.GenServer): ...\n",
        "from regrow import GenServer as G\nclass Base(\n  Other,  # a, b\n  G[int, list[str]],\n): ...\n",
        "from regrow import *\r\nclass Base(GenServer): ...\r\n",
        "if X:\n    from regrow import (\n  GenServer,\n  Pid,\n)\nclass Base(GenServer): ...\n",
        "from regrow import GenServer\nclass First(GenServer): ...\nclass Base(First): ...\n",
    ],
)
def test_a_class_is_known_by_what_it_derives_from(text: str) -> None:
    assert "app.base.Base" in project(app__base=text).bases


@pytest.mark.parametrize(
    "text",
    [
        "import regrow as rg\nclass Base(Handler[rg.GenServer]): ...\n",
        "import regrow as rg\nclass Base(Handler, metaclass=rg.GenServer): ...\n",
        "import other as rg\nclass Base(rg.GenServer): ...\n",
        "class GenServer: ...\nclass Base(GenServer): ...\n",
        "import regrow as rg\n# class Base(rg.GenServer): ...\n",
    ],
)
def test_what_only_mentions_a_server_is_none(text: str) -> None:
    assert "app.base.Base" not in project(app__base=text).bases


def test_classes_are_followed_through_files_and_what_packages_import() -> None:
    known = project(
        app__leaf="from app import Renamed\nclass Leaf(Renamed): ...\n",
        app__star="from . import twig\nclass Star(twig.Twig): ...\n",
        app__twig="from .everything import *\nclass Twig(Base): ...\n",
        app__init="from .base import Base as Renamed\n",
        app__everything="from app.base import *\n",
        app__base="import regrow as rg\nclass Base(rg.GenServer): ...\nclass Other(Exception): ...\n",
    )
    assert known.bases_of("app.leaf.Leaf") == ("app.Renamed",)
    assert {"app.leaf.Leaf", "app.twig.Twig", "app.star.Star"} <= known.bases.keys()
    assert not known.bases_of("app.base.Other")


def test_classes_that_derive_from_each_other_end() -> None:
    text = "from regrow import GenServer\nclass A(B, GenServer): ...\nclass B(A): ...\n"
    assert project(a=text).bases == {
        "a.A": ("a.B", "regrow.GenServer"),
        "a.B": ("a.A",),
        "a.GenServer": ("regrow.GenServer",),
    }


def test_a_file_knows_its_own_classes_and_the_project_s() -> None:
    known = project(base="import regrow as rg\nclass Base(rg.GenServer): ...\n")
    text = b"import base\nclass Outer:\n    class Inner(base.Base): ...\nclass Plain: ...\n"
    file = parse(text, "here.py", module="here", project=known)
    assert isinstance(file, SourceFile)
    assert is_server(file, "here.Outer.Inner")
    assert not is_server(file, "here.Plain")


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_knows_the_servers_of_other_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.py").write_text("import regrow as rg\n\n\nclass Base(rg.GenServer): ...\n")
    (tmp_path / "leaf.py").write_text(
        "from base import Base\n\n\nclass Leaf(Base):\n"
        "    async def again(self) -> int:\n        return await self.pid.call(Leaf.one(), timeout=1)\n"
    )
    settings = Settings(select=("RG206",))
    report = check_paths([tmp_path], Configuration(root=tmp_path, settings=settings), jobs=jobs)
    assert [(one.code, one.path, one.line) for one in report.findings] == [("RG206", "leaf.py", 6)]


@pytest.mark.parametrize(
    ("texts", "absent"),
    [
        (("x = 1\n", "y = 2\n"), {"regrow", "pykka"}),
        (("x = 1\n", "import regrow\n"), {"pykka"}),
        (("import pykka\n", "# regrow\n"), set[str]()),
    ],
)
def test_what_no_file_holds_is_not_looked_for_in_each(
    tmp_path: Path, texts: tuple[str, ...], absent: set[str]
) -> None:
    for number, text in enumerate(texts):
        (tmp_path / f"file_{number}.py").write_text(text)
    known = gather(find([tmp_path], Configuration(root=tmp_path)).sources)
    assert known.absent == absent
    file = parse(b"import regrow\n", "a.py", project=known)
    assert isinstance(file, SourceFile)
    assert file.mentions("regrow") is ("regrow" not in absent)
