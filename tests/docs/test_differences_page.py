"""The page of the differences from OTP and the list that the conformance suite runs are the same."""

import re

from tests.conformance.differences import LISTED
from tests.docs.blocks import REPOSITORY

PAGE = (REPOSITORY / "docs" / "differences-from-otp.md").read_text()
SECTION = re.compile(
    r"^## (?P<title>.+)$\n\n(?P<prose>(?:.+\n)+)\n"
    r"^\| `(?P<id>\w+)` \| (?P<does>.+) \|$\n^\|---\|---\|$\n"
    r"^\| Erlang/OTP \| (?P<otp>.+) \|$\n^\| Regrow \| (?P<regrow>.+) \|$",
    flags=re.MULTILINE,
)


def test_page_and_list_say_the_same() -> None:
    shown = [found.group("id", "title", "does", "otp", "regrow") for found in SECTION.finditer(PAGE)]
    assert shown == [(one.id, one.title, one.does, one.otp, one.regrow) for one in LISTED]


def test_the_page_has_no_section_without_a_scenario() -> None:
    assert re.findall(r"^##+ (.+)$", PAGE, flags=re.MULTILINE) == [one.title for one in LISTED]


def test_every_difference_says_what_each_side_does_and_why() -> None:
    for section in SECTION.finditer(PAGE):
        assert all(word in section["prose"] for word in ("**OTP**", "**Regrow**", "*Why:*")), section["title"]
