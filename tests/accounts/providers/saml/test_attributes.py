"""What becomes of attributes: groups, a display name, a notice. Nothing is stored here."""

from datetime import UTC, datetime

import pytest

from accounts.identity import Group
from accounts.models import SamlIdp
from accounts.providers.saml.attributes import (
    DISPLAY_NAME_ATTRIBUTES,
    DISPLAY_NAME_LIMIT,
    ENTRA_GROUPS,
    ENTRA_GROUPS_LINK,
    GROUPS_LIMIT,
    build_identity,
    groups_notice,
    read_display_name,
    read_groups,
)
from accounts.providers.saml.validation import Assertion


def idp(*group_attributes: str, separator: str | None = None) -> SamlIdp:
    return SamlIdp(
        "okta",
        label="Okta",
        group_attributes=list(group_attributes or ("groups",)),
        separator=separator,
    )


def names(provider: SamlIdp, **attributes: tuple[str, ...]) -> list[str]:
    groups = read_groups(provider, attributes)
    assert {group.provider for group in groups} <= {"okta"}
    return [group.name for group in groups]


def test_groups_come_in_their_order_each_once():
    provider = idp("b", "a")
    assert names(provider, a=("x", "y"), b=("y", "z", "z"), c=("w",)) == ["y", "z", "x"]


def test_it_splits_values_where_the_provider_has_a_separator():
    together = ("a; b;;c", " d ")
    assert names(idp(separator=";"), groups=together) == ["a", "b", "c", "d"]
    assert names(idp(), groups=together) == ["a; b;;c"]


def test_it_reads_so_many_groups_after_those_that_are_no_groups():
    values = tuple(str(number) for number in range(GROUPS_LIMIT + 1))
    read = names(idp(), groups=("", "\u202e", *values))
    assert (len(read), read[0], read[-1]) == (GROUPS_LIMIT, "0", str(GROUPS_LIMIT - 1))


def test_a_display_name_comes_from_the_best_attribute_that_has_one():
    every = {name: (f"from {name}",) for name in reversed(DISPLAY_NAME_ATTRIBUTES)}
    for name in DISPLAY_NAME_ATTRIBUTES:
        assert read_display_name(every) == f"from {name}"
        del every[name]
    assert read_display_name(every) == ""


def test_a_display_name_that_cannot_be_shown_is_passed_over():
    unfit = ("", "a" * (DISPLAY_NAME_LIMIT + 1), "Alice\u202e", "Alice\n")
    assert read_display_name({"displayName": unfit, "cn": ("Alice",)}) == "Alice"
    longest = "a" * DISPLAY_NAME_LIMIT
    assert read_display_name({"displayName": (*unfit, longest), "cn": ("Alice",)}) == longest


@pytest.mark.parametrize(
    ("attributes", "notice"),
    [
        ({}, "sent no groups"),
        ({"groups": ()}, "sent no groups"),
        ({"other": ("a",)}, "sent no groups"),
        ({"groups": ("a",)}, ""),
        # what came and was no group's name is for an administrator to find, by a test
        ({"groups": ("",)}, ""),
        ({"groups": ("a",) * GROUPS_LIMIT}, ""),
        ({"groups": ("a",) * (GROUPS_LIMIT + 1)}, "more than 5000 groups"),
        ({ENTRA_GROUPS_LINK: ("x",)}, "more groups than Entra ID"),
        ({ENTRA_GROUPS_LINK: ("x",), ENTRA_GROUPS: ()}, "more groups than Entra ID"),
        ({ENTRA_GROUPS_LINK: ("x",), ENTRA_GROUPS: ("a",), "groups": ("a",)}, ""),
    ],
)
def test_it_tells_the_person_what_happened_to_the_groups(attributes, notice):
    text = groups_notice(idp(), attributes)
    assert notice in text and bool(text) is bool(notice)
    assert "{" not in text and (not text or "Okta" in text)


def test_the_groups_of_all_attributes_count_for_the_notice():
    half = ("a",) * (GROUPS_LIMIT // 2 + 1)
    assert "more than" in groups_notice(idp("a", "b"), {"a": half, "b": half})


def test_an_identity_is_the_providers_and_the_subjects():
    at = datetime(2026, 11, 25, tzinfo=UTC)
    attributes = {"groups": ("a",), "cn": ("Alice",)}
    identity = build_identity(idp(), Assertion("alice", {}, "_a1", "", at, None, attributes))
    assert (identity.person, identity.name) == ("okta:alice", "Alice")
    assert identity.groups == {Group("okta", "a")} and identity.authenticated_at == at
