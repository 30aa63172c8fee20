"""Signing in by SAML, as people and administrators meet it."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from accounts import login, sessions
from accounts.models import Person, PersonName, SamlIdp, WebSession
from accounts.providers.saml import (
    acs,
    idp_registry,
    idps,
    keys,
    last_look,
    provider,
    requests,
    service_provider,
)
from brokers import catalogue
from brokers.models import Association
from core.audit import Event
from tests.support.events import all_events
from tests.support.saml_kit import (
    ENTRA,
    OKTA,
    PERSISTENT,
    TRANSIENT,
    Attribute,
    at,
    read_authn_request,
    to_base64,
)
from tests.support.saml_stage import (
    clear_caches,
    connect,
    post_response,
    real_key,
    signed_in_person,
    start_sign_in,
)

ALICE = "okta:alice@example.com"
CLAIMS = "http://schemas.xmlsoap.org/claims"
ENTRA_GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"


@pytest.fixture
def browser(connected, client_of):
    return client_of(None)


def signed_in(browser, idp=OKTA, query="", **changes):
    changes.setdefault("assertion_id", f"_a{time.monotonic_ns()}")
    response = post_response(browser, start_sign_in(browser, idp, query).with_changes(**changes))
    assert response.status_code == 302, response.text
    return response


def web_session_of(person):
    [web_session] = [one for one in WebSession.everything() if one.person == person]
    return web_session


def groups_of(person):
    return sorted(Person.find(person).groups)


def test_it_signs_in_whom_the_identity_provider_vouches_for(browser):
    assert signed_in(browser).headers["Location"] == "/"
    assert signed_in_person(browser) == ALICE
    assert groups_of(ALICE) == ["okta:developers"]


def test_it_offers_a_button_for_each_identity_provider(browser):
    page = browser.get("/login/").text
    assert "Sign in with Okta" in page and "Sign in with Entra" in page and "username" in page


def test_it_signs_its_requests_with_sha256_and_leads_back_to_itself_alone(browser):
    location = browser.get("/login/okta/").headers["Location"]
    assert (
        location.startswith(f"{OKTA.entity_id}/sso?")
        and "rsa-sha256" in location
        and "Signature=" in location
    )
    xml = read_authn_request(location)[1]
    assert (
        'AssertionConsumerServiceURL="https://cooper.example.com/saml2/acs/"' in xml
        and "ForceAuthn" not in xml
    )
    assert "RelayState" not in location


def test_it_carries_the_request_in_a_cookie_that_other_sites_posts_bring(browser):
    [cookie] = browser.get("/login/okta/").cookies.values()
    assert (cookie["samesite"], cookie["secure"], cookie["httponly"]) == ("None", True, True)


def test_it_keeps_a_deep_link(browser):
    assert (
        signed_in(browser, query="?next=/targets/dev-read/").headers["Location"]
        == "/targets/dev-read/"
    )


BAD_LINKS = [
    "https://evil.example/", "//evil.example/", "/\\evil.example/", "javascript:alert(1)", "\x00/",
    "evil", "///evil.example", "https:evil.example", "/" + "a" * 3000, "logout", "admin:logout",
    "http:///evil.example",
]  # fmt: skip


@pytest.mark.parametrize("link", BAD_LINKS)
def test_it_leads_nowhere_else(browser, link):
    idp = start_sign_in(browser, query="?next=" + link.replace("\x00", "%00"))
    response = post_response(browser, idp, state=link)
    assert (response.status_code, response.headers["Location"]) == (302, "/")


def test_it_ignores_the_state_that_is_posted_with_the_answer(browser):
    response = post_response(browser, start_sign_in(browser), state="/targets/dev-read/")
    assert response.headers["Location"] == "/"


def test_it_entitles_by_group_and_follows_it_in_an_active_session(browser, client_of):
    catalogue.edit(
        lambda writes: writes.create(Association("dev-read", "okta:developers")), "dev-read"
    )
    signed_in(browser)
    assert "Development, read only" in browser.get("/").text
    signed_in(client_of(None), attributes=())
    assert "Development, read only" not in browser.get("/").text


def test_it_makes_administrators_by_the_exact_group_of_the_exact_provider(
    browser, client_of, settings
):
    settings.COOPER_ADMIN_GROUPS = ["okta:admins"]
    admins = (Attribute("groups", ("admins",)),)
    signed_in(browser, attributes=admins)
    assert browser.get("/admin/").status_code == 200
    other = client_of(None)
    signed_in(other, ENTRA, attributes=admins)
    assert other.get("/admin/").status_code == 403
    for value in (" admins\u00a0", "Admins", "admins;x", "\u00a0admins"):
        signed_in(other, attributes=(Attribute("groups", (value,)),))
        assert other.get("/admin/").status_code == 403, value
    assert browser.get("/admin/").status_code == 403


def test_the_same_name_at_another_provider_is_another_person(browser, client_of):
    signed_in(browser, subject="carol")
    other = client_of(None)
    signed_in(other, ENTRA, subject="carol")
    assert (signed_in_person(browser), signed_in_person(other)) == ("okta:carol", "entra:carol")
    assert browser.get("/admin/").status_code == 403


def test_it_replaces_groups_by_nothing_too_and_says_so(browser):
    signed_in(browser)
    signed_in(browser, attributes=())
    assert groups_of(ALICE) == []
    assert "sent no groups" in browser.get("/").text


def test_it_tells_of_entras_limit(connected, client_of, tmp_path):
    idp_registry.remove("entra")
    connect(ENTRA, tmp_path, group_attributes=(ENTRA_GROUPS,))
    browser = client_of(None)
    link = Attribute("http://schemas.microsoft.com/claims/groups.link", ("https://graph.example/",))
    signed_in(browser, ENTRA, attributes=(link,))
    assert "more groups than Entra ID puts into a sign-in" in browser.get("/").text


def test_it_reads_groups_by_exact_name_alone(connected, client_of, tmp_path):
    idp_registry.remove("entra")
    connect(ENTRA, tmp_path, group_attributes=("memberOf", f"{CLAIMS}/Group"), separator=";")
    attributes = (
        Attribute("memberOf", ("CN=a,OU=b;CN=c,OU=d", " padded\n")),
        Attribute(f"{CLAIMS}/Group", ("DOMAIN\\e",)),
        Attribute("memberof", ("f",)),
        Attribute("groups", ("g",)),
        Attribute(
            "memberOf",
            ("x" * 513, "", "bad\u202eone"),
            raw="<saml:AttributeValue><b>h</b></saml:AttributeValue>",
        ),
    )
    signed_in(client_of(None), ENTRA, attributes=attributes)
    named = {"entra:CN=a,OU=b", "entra:CN=c,OU=d", "entra:DOMAIN\\e", "entra:padded"}
    assert set(groups_of("entra:alice@example.com")) == named


def test_it_takes_5000_groups_and_keeps_those_that_matter_when_they_are_long(browser):
    catalogue.edit(
        lambda writes: writes.create(Association("dev-read", "okta:developers")), "dev-read"
    )
    many = (
        "developers",
        *(f"CN=group number {n:04},OU=somewhere,DC=example,DC=com" for n in range(4_999)),
    )
    started = time.monotonic()
    signed_in(browser, attributes=(Attribute("groups", many),))
    assert time.monotonic() - started < 10
    assert groups_of(ALICE) == ["okta:developers"]


def test_it_ends_the_web_session_with_the_identity_providers(browser):
    signed_in(browser, session_until=at(minutes=30))
    web_session = web_session_of(ALICE)
    assert 1700 < float(web_session.ends_at) - time.time() <= 1800
    assert sessions.is_active(web_session, time.time()) and not sessions.is_active(
        web_session, float(web_session.ends_at)
    )


@pytest.mark.parametrize("until", [None, at(hours=20)], ids=["without an end", "in 20 hours"])
def test_it_ends_the_web_session_after_8_hours_at_the_latest(browser, until):
    signed_in(browser, session_until=until)
    web_session = web_session_of(ALICE)
    assert 28_700 < float(web_session.ends_at) - time.time() <= 28_800


def test_a_local_sign_in_after_it_does_not_inherit_its_end(browser):
    signed_in(browser)
    browser.post("/logout/")
    browser.post("/login/", {"username": "alice", "password": "cooper-demo"})
    assert signed_in_person(browser) == "local:alice"
    assert web_session_of("local:alice").ends_at is None


def test_it_takes_an_answer_once(browser, client_of):
    idp = start_sign_in(browser)
    message = idp.build()
    assert post_response(browser, message).status_code == 302
    assert post_response(browser, message).status_code == 403
    thief = client_of(None)
    thief.cookies.update(
        {name: morsel for name, morsel in browser.cookies.items() if "saml" in name}
    )
    assert post_response(thief, message).status_code == 403 and signed_in_person(thief) == ""


def test_it_keeps_the_requests_of_tabs_that_open_at_once_side_by_side(browser, client_of):
    tabs = [client_of(None) for _ in range(3)]
    idps_of_tabs = [start_sign_in(tab, query=f"?next=/targets/t{n}/") for n, tab in enumerate(tabs)]
    for tab in tabs:
        browser.cookies.update(tab.cookies)

    pages = []
    for number, idp in enumerate(idps_of_tabs):
        answer = idp.with_changes(assertion_id=f"_t{number}", response_id=f"_u{number}")
        response = post_response(browser, answer)
        pages.append((response.status_code, response.headers.get("Location")))
    assert pages == [(302, f"/targets/t{number}/") for number in range(3)]


def test_an_answer_that_is_posted_again_leads_on_whoever_is_signed_in(browser, client_of):
    message = start_sign_in(browser, query="?next=/targets/dev-read/").build()
    assert post_response(browser, message).status_code == 302
    again = post_response(browser, message)
    assert again.status_code == 403
    onward = "/login/?next=%2Ftargets%2Fdev-read%2F"
    assert f'<meta http-equiv="refresh" content="0;url={onward}">' in again.text
    assert browser.get(onward).headers["Location"] == "/targets/dev-read/"
    elsewhere = post_response(client_of(None), message)
    assert elsewhere.status_code == 403 and "refresh" not in elsewhere.text


def test_nobody_else_can_make_a_request_for_a_browser(browser, client_of):
    idp = start_sign_in(browser)
    [name] = [each for each in browser.cookies if each.startswith("cooper-saml-")]
    value = browser.cookies[name].value
    for other_name, other_value in (
        ("cooper-saml-0123456789abcdef", value),
        (name, value[:-1] + ("A" if value[-1] != "A" else "B")),
        (name, "x"),
        (name, ""),
    ):
        victim = client_of(None)
        victim.cookies[other_name] = other_value
        assert post_response(victim, idp).status_code == 403
        assert signed_in_person(victim) == ""


def test_its_requests_never_fill_the_cookie_header(browser):
    for number in range(14):
        start_sign_in(browser, query="?next=/" + f"{number:02}".ljust(900, "a"))
    kept = [morsel for morsel in browser.cookies.values() if morsel.key.startswith("cooper-saml-")]
    header = sum(len(morsel.key) + len(morsel.value) for morsel in kept if morsel.value)
    assert 0 < header <= requests.COOKIES_LIMIT


def test_it_takes_an_assertion_once_whatever_the_request(browser):
    signed_in(browser, assertion_id="_same")
    again = post_response(browser, start_sign_in(browser).with_changes(assertion_id="_same"))
    assert again.status_code == 403 and "already used" in again.text


def test_it_takes_another_providers_assertion_of_the_same_id(browser, client_of):
    signed_in(browser, assertion_id="_same")
    signed_in(client_of(None), ENTRA, assertion_id="_same")


def test_it_takes_an_answer_in_the_browser_that_asked_alone(browser, client_of):
    message = start_sign_in(browser).build()
    victim = client_of(None)
    assert post_response(victim, message).status_code == 403
    start_sign_in(victim)
    assert post_response(victim, message).status_code == 403 and signed_in_person(victim) == ""
    assert post_response(browser, message).status_code == 302


def test_it_takes_an_answer_within_15_minutes(browser, monkeypatch):
    idp = start_sign_in(browser)
    monkeypatch.setattr(requests, "REQUEST_SECONDS", -1)
    assert post_response(browser, idp).status_code == 403


def test_it_keeps_ten_requests_of_a_browser(browser):
    first, *others = [start_sign_in(browser) for _ in range(11)]
    assert post_response(browser, first).status_code == 403
    assert (
        post_response(
            browser, others[0].with_changes(assertion_id="_a2", response_id="_r2")
        ).status_code
        == 302
    )


def test_it_bounces_a_tile_through_its_own_request(browser):
    response = post_response(
        browser, OKTA.with_changes(request="", subject="mallory"), state="/targets/dev-read/"
    )
    assert response.status_code == 302 and signed_in_person(browser) == ""
    assert response.headers["Location"] == "/login/okta/?bounced=1&next=%2Ftargets%2Fdev-read%2F"
    location = browser.get(response.headers["Location"]).headers["Location"]
    response = post_response(browser, OKTA.with_changes(request=read_authn_request(location)[0]))
    assert (
        response.headers["Location"] == "/targets/dev-read/" and signed_in_person(browser) == ALICE
    )


def test_it_does_not_bounce_for_ever(browser):
    for _ in range(acs.BOUNCES_LIMIT):
        response = post_response(browser, OKTA.with_changes(request=""))
        browser.get(response.headers["Location"])
    response = post_response(browser, OKTA.with_changes(request=""))
    assert response.status_code == 403 and "does not say which request" in response.text


def test_it_asks_for_a_fresh_authentication_and_checks_that_it_is_one(browser):
    location = browser.get("/login/okta/?fresh=1").headers["Location"]
    request_id, xml = read_authn_request(location)
    assert 'ForceAuthn="true"' in xml
    old = post_response(
        browser, OKTA.with_changes(request=request_id, authenticated=at(minutes=-10))
    )
    assert old.status_code == 403
    assert (
        post_response(
            browser, OKTA.with_changes(request=request_id, authenticated=at())
        ).status_code
        == 302
    )


def test_enrolment_leads_somebody_who_signed_in_long_ago_to_sign_in_again(browser):
    signed_in(browser, authenticated=at(minutes=-30))
    page = browser.get("/device/?next=/admin/")
    link = "/login/okta/?fresh=1&amp;next=%2Fdevice%2F%3Fnext%3D%252Fadmin%252F"
    assert link in page.text and "Sign in again" in page.text
    refused = browser.post("/device/begin/", {})
    assert refused.status_code == 403 and "Sign in again" in refused.text
    request_id, _ = read_authn_request(browser.get(link.replace("&amp;", "&")).headers["Location"])
    response = post_response(browser, OKTA.with_changes(request=request_id, assertion_id="_a2"))
    assert response.headers["Location"] == "/device/?next=%2Fadmin%2F"
    assert browser.post("/device/begin/", {}).status_code == 302


def test_it_signs_out_here_first_and_then_at_the_identity_provider(browser):
    signed_in(browser, subject_format=PERSISTENT)
    page = browser.post("/logout/")
    assert page.status_code == 200 and signed_in_person(browser) == ""
    onward = page.context["onward"]
    assert (
        onward.startswith(f"{OKTA.entity_id}/slo?")
        and "rsa-sha256" in onward
        and "Signature=" in onward
    )
    xml = read_authn_request(onward)[1]
    assert ">alice@example.com<" in xml and PERSISTENT in xml and "_s1" in xml
    assert 'http-equiv="refresh"' in page.text
    assert browser.get("/saml2/ls/?SAMLResponse=x").headers["Location"] == "/login/?signed-out=1"


def test_it_signs_out_here_when_the_identity_provider_has_no_sign_out(
    connected, client_of, tmp_path
):
    idp_registry.remove("okta")
    connect(OKTA, tmp_path, metadata=OKTA.metadata(slo=False))
    browser = client_of(None)
    signed_in(browser)
    assert (
        browser.post("/logout/").headers["Location"] == "/login/?signed-out=1"
        and signed_in_person(browser) == ""
    )


@pytest.mark.parametrize("way", ["get", "post"])
@pytest.mark.parametrize("name", ["SAMLRequest", "SAMLResponse"])
def test_a_sign_out_from_elsewhere_changes_nothing(browser, way, name):
    signed_in(browser)
    for message in ("x", to_base64("<samlp:LogoutRequest/>"), "", "%00", "A" * 5000):
        assert getattr(browser, way)("/saml2/ls/", {name: message}).status_code in (302, 403)
    assert signed_in_person(browser) == ALICE


def test_it_ends_all_sessions_of_a_person(browser, client_of):
    signed_in(browser)
    person = Person.find(ALICE)
    person.epoch += 1
    person.save()
    assert signed_in_person(browser) == ""


def test_a_removed_provider_lets_nobody_in_and_its_people_are_out_at_once(browser, client_of):
    signed_in(browser)
    other, waiting = client_of(None), client_of(None)
    signed_in(other, ENTRA)
    idp = start_sign_in(waiting)
    assert idp_registry.remove("okta") == 1
    assert signed_in_person(browser) == "" and signed_in_person(other) == "entra:alice@example.com"
    assert post_response(waiting, idp).status_code == 403 and signed_in_person(waiting) == ""
    assert client_of(None).get("/login/okta/").status_code == 404
    clear_caches()
    assert "Okta" not in client_of(None).get("/login/").text
    assert {"identity-provider:remove:done", "person:end-sessions:done"} <= {
        e.event for e in all_events()
    }


def refusals():
    return [e.why for e in all_events() if e.event == "person:sign-in:refused"]


def let_happen(monkeypatch, before=None, after=None):
    """Let something happen just before or after a sign-in's last look at its provider."""
    real = last_look.require_connected

    def look(*arguments):
        if before:
            before()
        real(*arguments)
        if after:
            after()

    monkeypatch.setattr(provider, "require_connected", look)


def remove_okta():
    idp_registry.remove("okta")


def change_certificates():
    idp = SamlIdp.find("okta")
    idp.certificates = list(SamlIdp.find("entra").certificates)
    idp.save()


def note_trouble():
    idp = SamlIdp.find("okta")
    idp.trouble = "could not be refreshed"
    idp.save()


@pytest.mark.parametrize(
    ("change", "why"), [(remove_okta, "removed: okta"), (change_certificates, "changed: okta")]
)
def test_a_sign_in_that_meets_a_change_of_its_provider_is_refused(
    browser, monkeypatch, change, why
):
    let_happen(monkeypatch, before=change)
    assert post_response(browser, start_sign_in(browser)).status_code == 403
    assert signed_in_person(browser) == "" and refusals() == [why]


def test_a_sign_in_is_over_at_once_when_its_provider_is_removed_after_its_last_look(
    browser, monkeypatch
):
    let_happen(monkeypatch, after=remove_okta)
    post_response(browser, start_sign_in(browser))
    assert signed_in_person(browser) == "" and Person.find(ALICE).epoch == 2


def test_a_sign_in_goes_on_when_its_provider_is_written_but_not_changed(browser, monkeypatch):
    let_happen(monkeypatch, before=note_trouble)
    assert post_response(browser, start_sign_in(browser)).status_code == 302
    assert signed_in_person(browser) == ALICE


def test_the_last_look_is_what_refuses_a_sign_in_that_meets_the_removal(browser, monkeypatch):
    monkeypatch.setattr(provider, "require_connected", lambda *_: None)
    idp = start_sign_in(browser)
    idp_before = idps.current()
    remove_okta()
    monkeypatch.setattr(idps, "current", lambda max_age=0.0: idp_before)
    assert post_response(browser, idp).status_code == 302


def test_a_disabled_person_is_refused(browser):
    signed_in(browser)
    person = Person.find(ALICE)
    person.disabled = True
    person.save()
    again = post_response(browser, start_sign_in(browser).with_changes(assertion_id="_a2"))
    assert again.status_code == 403 and "may not sign in" in again.text


def test_it_goes_straight_to_the_only_way_in_but_not_after_a_sign_out(browser, monkeypatch):
    idp_registry.remove("entra")
    clear_caches()
    monkeypatch.setattr("accounts.providers.local.LocalProvider.is_in_use", lambda self: False)
    assert (
        browser.get("/login/?next=/targets/x/").headers["Location"]
        == "/login/okta/?next=%2Ftargets%2Fx%2F"
    )
    assert browser.get("/login/?signed-out=1").status_code == 200


def test_it_describes_itself_without_weak_algorithms(browser):
    response = browser.get("/saml2/metadata/")
    assert response.status_code == 200 and response.headers["Content-Type"] == "application/xml"
    assert (
        "https://cooper.example.com/saml2/acs/" in response.text
        and 'WantAssertionsSigned="true"' in response.text
    )
    assert not [word for word in ("sha1", "md5", "dsa", "PRIVATE") if word in response.text]
    assert response.text.count("X509Certificate>") == 4


def test_it_has_no_metadata_before_it_is_set_up(store, client_of):
    clear_caches()
    assert client_of(None).get("/saml2/metadata/").status_code == 404


def test_it_believes_no_host_header(connected, client_of, settings):
    settings.COOPER_PUBLIC_URL = ""
    assert client_of(None).get("/login/okta/").status_code == 503
    settings.ALLOWED_HOSTS = ["localhost"]
    local = client_of(None, headers={"host": "localhost:8000"})
    assert "http%3A%2F%2Flocalhost" not in local.get("/saml2/metadata/").text
    assert 'entityID="http://localhost:8000/saml2/metadata/"' in local.get("/saml2/metadata/").text


def test_it_slows_a_flood_from_one_source_down_and_writes_no_event_for_each(
    connected, client_of, monkeypatch
):
    monkeypatch.setattr("accounts.views.STEPS_PER_MINUTE", 3)
    browser = client_of(None)
    responses = [browser.post("/saml2/acs/", {"SAMLResponse": "x"}) for _ in range(6)]
    assert [response.status_code for response in responses] == [403, 403, 403, 429, 429, 429]
    assert "Too many sign-ins from your network address" in responses[-1].text
    events = [event.event for event in all_events()]
    assert (
        events.count(Event.SIGN_IN_REFUSED) == 3 and browser.get("/login/okta/").status_code == 429
    )
    other = client_of(None, REMOTE_ADDR="10.9.8.7")
    assert other.get("/login/okta/").status_code == 302


def test_people_of_one_address_who_do_sign_in_are_not_held_up(connected, client_of, monkeypatch):
    monkeypatch.setattr("accounts.views.STEPS_PER_MINUTE", 3)
    for number in range(4):
        browser = client_of(None)
        idp = start_sign_in(browser).with_changes(assertion_id=f"_a{number}")
        assert post_response(browser, idp).status_code == 302
    # a response that was used is no sign-in; so many, as a minute may end meanwhile
    statuses = [post_response(browser, idp).status_code for _ in range(12)]
    assert 429 in statuses and 302 not in statuses


def test_it_says_what_lacks_where_xmlsec1_is_missing(connected, client_of, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    clear_caches()
    response = client_of(None).get("/login/okta/")
    assert response.status_code == 503 and "xmlsec1" in response.text
    assert (
        client_of(None)
        .post("/login/", {"username": "alice", "password": "cooper-demo"})
        .status_code
        == 302
    )


def test_it_shows_an_administrator_what_an_assertion_said_and_signs_nobody_in(browser):
    catalogue.edit(
        lambda writes: writes.create(Association("dev-read", "okta:developers")), "dev-read"
    )
    idp = start_sign_in(browser, query=f"?try={requests.create_test('okta')}")
    page = post_response(browser, idp)
    assert (
        page.status_code == 200 and signed_in_person(browser) == "" and Person.find(ALICE) is None
    )
    for word in ("Nobody was signed in", ALICE, "okta:developers", "dev-read"):
        assert word in page.text


def test_it_shows_why_a_try_would_be_refused(browser):
    idp = start_sign_in(browser, query=f"?try={requests.create_test('okta')}")
    page = post_response(browser, idp.with_changes(subject_format=TRANSIENT, subject="_x"))
    assert page.status_code == 400 and "transient" in page.text and signed_in_person(browser) == ""


@pytest.mark.parametrize("secret", ["x", "", None])
def test_it_tries_nothing_without_the_secret_of_the_command(browser, secret):
    secret = requests.create_test("entra") if secret is None else secret
    response = browser.get(f"/login/okta/?try={secret}")
    assert response.status_code == (403 if secret else 302)


def test_it_escapes_what_an_assertion_says(browser):
    idp = start_sign_in(browser, query=f"?try={requests.create_test('okta')}")
    page = post_response(
        browser, idp.with_changes(attributes=(Attribute("groups", ("<script>alert(1)</script>",)),))
    )
    assert "<script>alert" not in page.text and "&lt;script&gt;" in page.text


def test_it_goes_on_with_two_keys_of_the_identity_provider(connected, client_of, tmp_path):
    file = tmp_path / "both.xml"
    file.write_text(OKTA.metadata(signers=("okta", "okta-next")))
    idp_registry.refresh("okta", str(file))
    for signer in ("okta", "okta-next"):
        signed_in(client_of(None), signer=signer, assertion_id=f"_{signer}")


def test_it_rolls_its_own_key_over_without_a_gap(browser, tmp_path, monkeypatch):
    monkeypatch.setattr(keys, "_create_key", real_key)
    old = keys.stored()[0]["certificate"]
    keys.make()
    new = keys.stored()[1]["certificate"]
    assert browser.get("/saml2/metadata/").text.count("X509Certificate>") == 8
    for step in (None, keys.use_new, keys.drop_old):
        if step:
            step()
        for name, certificate in (("old", old), ("new", new)):
            file = tmp_path / f"{name}.pem"
            file.write_text(certificate)
            idp = start_sign_in(browser)
            response = post_response(
                browser,
                idp.with_changes(encrypts=str(file), assertion_id=f"_{time.monotonic_ns()}"),
            )
            assert response.status_code == (403 if step is keys.drop_old and name == "old" else 302)
    assert keys.stored()[0]["certificate"] == new


def test_it_stores_no_key_in_the_clear(connected):
    stored = str([dict(idp.attribute_values) for idp in SamlIdp.everything()]) + str(keys.stored())
    assert "PRIVATE" not in stored
    assert repr(keys.decrypt_stored()[0]) == "Key(***)"


def test_nothing_of_the_key_lies_on_disk_readable_by_others(browser):
    start_sign_in(browser)
    folder = service_provider._key_files[0].folder
    assert folder.stat().st_mode & 0o077 == 0
    assert all(
        file.stat().st_mode & 0o077 == 0 for file in folder.iterdir() if file.suffix == ".key"
    )
    clear_caches()
    assert not folder.exists()


def test_the_group_that_administers_is_kept_however_many_there_are(browser, settings):
    settings.COOPER_ADMIN_GROUPS = ["okta:admins"]
    many = tuple(f"{'x' * 400}{n}" for n in range(600))
    signed_in(browser, attributes=(Attribute("groups", (*many, "admins")),))
    assert groups_of(ALICE) == ["okta:admins"] and login.MAX_GROUPS_BYTES < 400_000


def test_it_answers_every_way_of_asking_without_a_500(browser):
    for path in ("/saml2/acs/", "/saml2/ls/", "/saml2/metadata/", "/login/okta/"):
        for way in ("get", "post", "put", "delete", "options", "patch"):
            assert getattr(browser, way)(path).status_code < 500, (way, path)


def test_it_takes_no_json_and_no_files(browser):
    message = start_sign_in(browser).build()
    assert browser.post("/saml2/acs/", {"SAMLResponse": to_base64(message)}).status_code == 403
    assert (
        browser.post(
            "/saml2/acs/", '{"SAMLResponse": 1}', content_type="application/json"
        ).status_code
        == 403
    )
    assert (
        browser.post(
            "/saml2/acs/", b"\xff\xfe", content_type="application/x-www-form-urlencoded"
        ).status_code
        == 403
    )


def test_an_identity_provider_whose_metadata_ended_lets_nobody_in(connected, browser):
    idp = start_sign_in(browser)
    stored = SamlIdp.find("okta")
    stored.valid_until = datetime.now(UTC) - timedelta(minutes=1)
    stored.save()
    clear_caches()
    assert post_response(browser, idp).status_code == 403
    page = browser.get("/login/okta/")
    assert page.status_code == 403 and "Other ways to sign in still work" in page.text


def test_it_reads_the_list_again_only_when_the_stamp_has_moved(connected, monkeypatch):
    idps.current()
    monkeypatch.setattr(SamlIdp, "everything", lambda: pytest.fail("read again"))
    assert set(idps.current().by_name) == {"okta", "entra"}


def test_the_limits_are_those_of_the_papers():
    assert (
        acs.LONGEST_SESSION.total_seconds(),
        requests.REQUEST_SECONDS,
        login.MAX_GROUPS_BYTES,
    ) == (
        28_800,
        900,
        100_000,
    )


# -- names that differ in case or form alone -------------------------------------------------------
def test_it_makes_no_second_person_of_another_spelling_of_a_name(browser, client_of):
    signed_in(browser)
    other = client_of(None)
    idp = start_sign_in(other).with_changes(subject="Alice@example.com", assertion_id="_other")
    response = post_response(other, idp)
    assert response.status_code == 403 and "capital letters" in response.text
    assert signed_in_person(other) == "" and Person.find("okta:Alice@example.com") is None

    [event] = [one for one in all_events() if one.event == Event.SIGN_IN_REFUSED]
    assert event.target == ALICE and event.facts["object"] == "okta:Alice@example.com"
    assert event.request_id in response.text


def test_it_takes_persistent_ids_as_they_are(browser, client_of):
    for subject in ("aGVsbG8", "AgvSBg8"):
        one = client_of(None)
        signed_in(one, subject=subject, subject_format=PERSISTENT)
        assert signed_in_person(one) == f"okta:{subject}"
    assert PersonName.everything() == []
