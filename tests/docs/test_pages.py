"""What the pages say of the repository is so: tables, names, commands, paths, figures."""

import ast
import re

import pytest

import regrow
from regrow import errors
from tests.api.public import ERRORS
from tests.conformance.reasons import TABLE
from tests.docs.blocks import DOCUMENTS, REPOSITORY

TEXTS = {document: (REPOSITORY / document).read_text() for document in DOCUMENTS}
TARGETS = set(re.findall(r"^([\w-]+):", (REPOSITORY / "Makefile").read_text(), flags=re.MULTILINE))


def commands(document: str) -> list[str]:
    """The commands in backticks and in the blocks of shell lines."""
    text = TEXTS[document]
    shell = "\n".join(re.findall(r"^```sh\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL))
    inline = "\n".join(re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text))
    return [line.split("#")[0].strip() for line in f"{shell}\n{inline}".splitlines()]


def exists(command: str) -> bool:
    """Whether the target, program or module that a command names is there."""
    first, _, rest = command.partition(" ")
    match first:
        case "make":
            return rest.split()[0] in TARGETS
        case "python" if rest.startswith("-m "):
            module = rest.split()[1].replace(".", "/")
            inside = (REPOSITORY / "src" / module, REPOSITORY / module)
            return any(path.is_dir() or path.with_suffix(".py").is_file() for path in inside)
        case "python" | "pytest":
            return (REPOSITORY / rest.split()[0].partition("::")[0]).exists()
        case _:
            return True


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_commands_of_a_document_exist(document: str) -> None:
    named = [one for one in commands(document) if re.match(r"(make|python|pytest) \S", one)]
    assert [one for one in named if not exists(one)] == []


def test_commands_that_do_not_exist_are_noticed() -> None:
    assert not any(map(exists, ["make nonsense", "python tools/nonsense.py", "python -m tests.nonsense"]))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_to_files_lead_somewhere(document: str) -> None:
    folder = (REPOSITORY / document).parent
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", TEXTS[document])
    assert [link for link in links if not (folder / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_public_names_that_are_shown_exist(document: str) -> None:
    """`rg.name` anywhere, also in the examples."""
    shown = set(re.findall(r"\brg\.((?:errors\.|events\.|debug\.|types\.)?\w+)", TEXTS[document]))
    for name in shown:
        value: object = regrow
        for part in name.split("."):
            value = getattr(value, part, None)
        assert value is not None, name


def test_the_names_on_the_page_of_errors_are_errors() -> None:
    rows = re.findall(r"^\| (`.+?`) \|", TEXTS["docs/errors.md"], flags=re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert len(named) > 20
    assert named <= set(ERRORS)


def test_the_errors_that_are_call_errors_are_listed_as_such() -> None:
    text = TEXTS["docs/errors.md"].partition("## When a call has no answer")[2].partition("\n## ")[0]
    listed = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`.+?`) \|", text, flags=re.MULTILINE))))
    leaves = {
        name
        for name, error in ERRORS.items()
        if issubclass(error, errors.CallError) and not error.__subclasses__()
    }
    assert listed == leaves


def test_the_table_of_reasons_is_the_suites() -> None:
    rows = [
        tuple(row)
        for row in re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", TEXTS["docs/conformance.md"], re.MULTILINE)
    ]
    assert [row for row in rows if row in TABLE] == list(TABLE)
    assert rows[0] == ("class", "Erlang/OTP", "Regrow")
    assert len(rows) == len(TABLE) + 1


def test_the_options_of_the_suite_are_those_it_has() -> None:
    source = (REPOSITORY / "tests" / "conformance" / "__main__.py").read_text()
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    known = {
        node.args[0].value
        for node in calls
        if isinstance(node.func, ast.Attribute)
        and node.func.attr == "add_argument"
        and isinstance(node.args[0], ast.Constant)
    }
    shown = set(re.findall(r"(?<![\w-])(--[a-z]+)", TEXTS["docs/conformance.md"]))
    assert shown
    assert shown <= known
