"""Names that differ in case or form alone: the second is nobody new, unless the host says so."""

import unicodedata

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from accounts import local_accounts, person_names
from accounts.identity import fold_name
from accounts.models import Person, PersonName
from accounts.providers import SignInRefused
from cooper_project.setup import set_up
from core.audit import Event
from core.errors import Conflict
from core.installation import NAMES_ITEM, Installation
from tests.support.events import all_events
from tests.support.other_providers import arrive, use_okta_and_entra
from tests.support.races import all_at_once

KNOWN = "José.weiß@example.com"

PAIR = "These names differ in case or form alone: okta:Bob, okta:bob."

SAME_NAMES = {
    "case": "JOSÉ.WEIß@Example.com",
    "case-folding": "José.weiss@example.com",
    "decomposed": "Jose\u0301.weiß@example.com",
    "full-width": "\uff2aosé.weiß@example.com",
    "ligature": "José.weiß@e\u02e3ample.com",
    "invisible": "José\ufe0f.weiß@example.com",
}
OTHER_NAMES = {
    "accent": "Jose.weiß@example.com",
    "letter": "José.weisz@example.com",
    "dot": "Joséweiß@example.com",
}


@pytest.fixture(autouse=True)
def _providers(store, settings):
    use_okta_and_entra(settings)


def sign_in(subject: str, provider: str = "okta", **more: object) -> str:
    """Let somebody sign in; return the key of who they are then."""
    return str(arrive(subject, provider, **more).person)


def people() -> set[str]:
    return {str(person.person) for person in Person.everything()}


def forget_names() -> None:
    """Leave what a cooper had written that kept no names."""
    for name in PersonName.everything():
        name.delete()


# -- the second spelling is refused ----------------------------------------------------------------
@pytest.mark.parametrize("spelling", SAME_NAMES.values(), ids=SAME_NAMES)
def test_a_new_person_with_another_spelling_of_a_name_is_refused(spelling):
    sign_in(KNOWN)
    with pytest.raises(SignInRefused, match="capital letters") as refused:
        sign_in(spelling)
    assert people() == {f"okta:{KNOWN}"}
    assert refused.value.facts == {"object": f"okta:{spelling}", "target": f"okta:{KNOWN}"}


@pytest.mark.parametrize("name", OTHER_NAMES.values(), ids=OTHER_NAMES)
def test_a_new_person_with_another_name_comes_in(name):
    sign_in(KNOWN)
    assert sign_in(name) == f"okta:{name}"


def test_the_same_name_at_another_provider_is_another_person():
    sign_in("alice@example.com")
    assert sign_in("Alice@example.com", "entra") == "entra:Alice@example.com"


def test_the_first_one_goes_on_signing_in():
    sign_in(KNOWN)
    with pytest.raises(SignInRefused):
        sign_in(KNOWN.upper())
    assert sign_in(KNOWN) == f"okta:{KNOWN}"


def test_opaque_ids_that_differ_in_case_are_two_people():
    assert sign_in("aGVsbG8", opaque=True) != sign_in("AgVSBg8", opaque=True)


def test_a_name_that_grows_beyond_any_key_when_folded_is_kept_apart_too():
    long_name = "\ufdfa" * 254
    sign_in(long_name)
    with pytest.raises(SignInRefused):
        sign_in(fold_name(long_name))


def test_of_many_spellings_at_the_same_moment_one_becomes_a_person():
    for number in range(5):
        name = f"alice{number}"
        spellings = [name[:place].upper() + name[place:] for place in range(5)]

        def outcome(spelling: str) -> str:
            try:
                return sign_in(spelling)
            except SignInRefused:
                return ""

        outcomes = all_at_once([lambda spelling=one: outcome(spelling) for one in spellings])
        assert sum(1 for person in outcomes if person) == 1
    assert len(people()) == 5


# -- those who were there before -------------------------------------------------------------------
def test_pairs_that_were_there_before_are_not_locked_out():
    for spelling in ("bob", "Bob"):
        Person(f"okta:{spelling}", provider="okta", subject=spelling).save()
    for spelling in ("Bob", "bob", "Bob", "bob"):
        assert sign_in(spelling) == f"okta:{spelling}"
    with pytest.raises(SignInRefused):
        sign_in("BOB")


def test_somebody_who_was_there_before_names_were_kept_keeps_theirs_from_then_on():
    sign_in("bob")
    forget_names()
    sign_in("bob")
    with pytest.raises(SignInRefused):
        sign_in("Bob")


def test_set_up_keeps_the_names_of_everybody_once_and_lists_the_pairs(capsys):
    for spelling in ("bob", "Bob", "olga"):
        Person(f"okta:{spelling}", provider="okta", subject=spelling).save()
    Installation.find(NAMES_ITEM).delete()
    assert "names of people" in set_up(lambda line: None)
    assert "names of people" not in set_up(lambda line: None)
    assert person_names.look_alikes() == [["okta:Bob", "okta:bob"]]
    with pytest.raises(SignInRefused):
        sign_in("Olga")

    call_command("cooper_user", "list")
    assert PAIR in capsys.readouterr().err
    call_command("check", "--database", "default")
    assert f"cooper.W003) {PAIR}" in capsys.readouterr().err
    call_command("cooper_setup")
    assert PAIR in capsys.readouterr().err


# -- the way out -----------------------------------------------------------------------------------
def test_the_host_lets_a_new_spelling_in_and_the_audit_log_says_so(capsys):
    sign_in(KNOWN)
    call_command("cooper_user", "allow-name", f"okta:{KNOWN.upper()}")
    assert f"beside okta:{KNOWN}" in capsys.readouterr().out
    assert sign_in(KNOWN.upper()) == f"okta:{KNOWN.upper()}"
    assert sign_in(KNOWN) == f"okta:{KNOWN}"

    [event] = [one for one in all_events() if one.event == Event.PERSON_NAME_ALLOWED]
    assert event.target == f"okta:{KNOWN.upper()}" and event.facts["others"] == [f"okta:{KNOWN}"]
    assert event.facts["os_user"]


def test_it_is_the_way_out_of_the_only_administrator_too(settings):
    settings.COOPER_ADMIN_GROUPS = ["okta:chiefs"]
    sign_in("alice", groups="okta:chiefs")
    with pytest.raises(SignInRefused):
        sign_in("Alice", groups="okta:chiefs")
    call_command("cooper_user", "allow-name", "okta:Alice")
    sign_in("Alice", groups="okta:chiefs")
    call_command("cooper_user", "disable", "okta:alice")
    assert Person.find("okta:alice").disabled


@pytest.mark.parametrize("person", ["okta:nobody", "okta:alice", "alice"])
def test_the_host_allows_nothing_that_needs_no_leave(person):
    sign_in("alice")
    with pytest.raises(CommandError, match="is not kept out"):
        call_command("cooper_user", "allow-name", person)


# -- what is folded --------------------------------------------------------------------------------
@given(st.text(max_size=20))
def test_folding_again_changes_nothing(name):
    assert fold_name(fold_name(name)) == fold_name(name)


@given(st.text(max_size=20))
def test_case_and_form_never_make_another_name(name):
    folded = fold_name(name)
    for spelling in (name.upper(), name.lower(), name.swapcase()):
        for form in ("NFC", "NFD", "NFKC", "NFKD"):
            # Unicode has letters whose other case is two letters, or none
            if name.casefold() == spelling.casefold():
                assert fold_name(unicodedata.normalize(form, spelling)) == folded


# -- local accounts --------------------------------------------------------------------------------
@pytest.mark.parametrize("spelling", ["Alice", " ALICE ", "\uff41lice", "ali\ufe0fce"])
def test_a_local_account_has_one_spelling_by_every_way(spelling):
    assert local_accounts.parse_username(spelling) == "alice"
    with pytest.raises(Conflict, match="already"):
        local_accounts.add(
            local_accounts.parse_username(spelling), "Alice", [], "long-and-rare-4711"
        )
