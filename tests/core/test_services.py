"""Services: what is one, and under which name."""

import pytest

from regrow.core.services import Service, check_services
from regrow.core.specs import ChildSpec, child
from regrow.errors import BadService, BadTarget


async def serve(path: str) -> None: ...


class Journal:
    service_name = "journal"

    def __init__(self, path: str) -> None:
        self.path = path

    def child_spec(self) -> ChildSpec:
        return child(serve, id="journal", args=(self.path,))


def test_services_in_order() -> None:
    journal: Service = Journal("app.db")
    named = child(serve, name="clock", args=("x",))
    first, second = check_services([journal, named])
    assert (first.name, first.offered, first.spec.args) == ("journal", journal, ("app.db",))
    assert (second.name, second.offered, second.spec) == ("clock", named, named)
    assert check_services([]) == ()


def test_two_of_one_name() -> None:
    with pytest.raises(BadService, match="there is already a service 'journal'"):
        check_services([Journal("a"), Journal("b")])


def test_a_child_spec_without_a_name() -> None:
    with pytest.raises(BadService, match="this child spec has no name"):
        check_services([child(serve, args=("x",))])


@pytest.mark.parametrize("value", [None, "journal", Journal, serve, object()])
def test_what_is_no_service(value: Service) -> None:
    with pytest.raises(BadService, match="it isn't one") as caught:
        check_services([value])
    assert caught.value.value is value


@pytest.mark.parametrize("name", ["", None, 5])
def test_bad_names(name: str) -> None:
    journal = Journal("a")
    journal.service_name = name
    with pytest.raises(BadService, match="no name"):
        check_services([journal])


def test_its_child_spec_is_checked() -> None:
    class Broken(Journal):
        def child_spec(self) -> ChildSpec:
            return ChildSpec(id="x", target=print)

    with pytest.raises(BadTarget, match="child 'x'"):
        check_services([Broken("a")])
