"""How much is looked at to learn what a name means: each statement once, however deep it stands."""

import ast

from regrow.lint.index import Index
from regrow.lint.names import Names


class Counted(dict[ast.AST, ast.AST]):
    """Parents, with how often one was asked for."""

    asked: int = 0

    def get(self, key: ast.AST, default: ast.AST | None = None) -> ast.AST | None:  # type: ignore[override]
        self.asked += 1
        return super().get(key, default)


def chain(branches: int) -> tuple[Names, Counted, list[ast.Name]]:
    """The names of a function with a chain of `elif`, which stand in one another."""
    rest = "".join(f"        elif x == {number}:\n            y{number} = x\n" for number in range(branches))
    index = Index(
        ast.parse(f"class C:\n    def f(self, x):\n        if x is None:\n            pass\n{rest}")
    )
    index.parents = parents = Counted(index.parents)
    names = Names(index, "m")
    return names, parents, [one for one in names.targets if one.id.startswith("y")]


def test_scopes_in_a_chain_of_branches_are_found_once() -> None:
    asked: list[int] = []
    for branches in (100, 200, 400):
        names, parents, targets = chain(branches)
        for name in sorted(targets, key=lambda one: one.lineno, reverse=True):
            scope = names.scope_of(name)
            assert isinstance(scope, ast.FunctionDef)
            assert scope.name == "f"
        asked.append(parents.asked)
    assert asked[2] - asked[1] == 2 * (asked[1] - asked[0])


def test_qualified_names_in_a_chain_of_branches_are_put_together_once() -> None:
    asked: list[int] = []
    for branches in (100, 200, 400):
        names, parents, targets = chain(branches)
        assert {names.qualname_of(name) for name in targets} == {"C.f"}
        asked.append(parents.asked)
    assert asked[2] - asked[1] == 2 * (asked[1] - asked[0])


def test_a_definition_is_in_its_own_name_and_so_are_its_decorators_and_defaults() -> None:
    tree = ast.parse("class C:\n    @mark\n    def f(self, x=default):\n        def g(): return inner\n")
    names = Names(Index(tree), "m")
    by_id = {one.id: one for one in names.index.of(ast.Name)}
    owner, method = names.index.of(ast.ClassDef)[0], names.index.of(ast.FunctionDef)
    for _ in range(2):  # what is known of the statements changes nothing
        assert names.qualname_of(by_id["inner"]) == "C.f.g"
        assert names.qualname_of(by_id["default"]) == "C.f"
        assert names.qualname_of(by_id["mark"]) == "C.f"
        assert sorted(map(names.qualname_of, method)) == ["C.f", "C.f.g"]
        assert names.qualname_of(owner) == "C"
        assert names.qualname_of(tree) == ""
        assert names.scope_of(by_id["mark"]) is owner
