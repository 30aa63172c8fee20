"""Every address x every person of the cast: an address that is not on the list fails."""

import pytest

from accounts.models import Attempt
from brokers import catalogue
from brokers.models import State, Target
from tests.support.addresses import addresses, admin_addresses, admin_path, filled
from tests.support.events import all_events

SIGN_IN, NO_TOKEN, DENIED, NOWHERE, WRONG_WAY, OK, SEE_OTHER, BAD, STALE = (
    302,
    401,
    403,
    404,
    405,
    200,
    303,
    400,
    409,
)

PEOPLE = (None, "bob", "alice", "carol", "dan")
AS = {"erin": "bob"}
"""Outside of the admin an auditor is somebody who may become nothing."""

# address: (GET by nobody, bob, alice, carol, dan), (POST with no fields by the same)
ADDRESSES = {
    "/healthz": ([OK] * 5, [WRONG_WAY] * 5),
    "/readyz": ([OK] * 5, [WRONG_WAY] * 5),
    "/": ([SIGN_IN, OK, OK, OK, OK], [WRONG_WAY] * 5),
    # whoever is signed in goes on, by either way
    "/login/": (
        [OK, SIGN_IN, SIGN_IN, SIGN_IN, SIGN_IN],
        [BAD, SIGN_IN, SIGN_IN, SIGN_IN, SIGN_IN],
    ),
    "/login/<slug:provider_id>/": ([NOWHERE] * 5, [NOWHERE] * 5),
    "/administrators/seen/": (
        [SIGN_IN, DENIED, DENIED, SIGN_IN, SIGN_IN],
        [SIGN_IN, DENIED, DENIED, SIGN_IN, SIGN_IN],
    ),
    # not set up: no key of ours, no identity provider; what they answer otherwise is in
    # tests/accounts/providers/saml/test_sign_in.py
    "/saml2/metadata/": ([NOWHERE] * 5, [WRONG_WAY] * 5),
    "/saml2/acs/": ([SIGN_IN] * 5, [DENIED] * 5),
    "/saml2/ls/": ([SIGN_IN] * 5, [DENIED] * 5),
    "/announcements/seen/": ([SIGN_IN] * 5, [SIGN_IN] * 5),
    "/logout/": ([SIGN_IN] * 5, [SIGN_IN] * 5),
    "/device/": ([SIGN_IN, OK, OK, OK, OK], [WRONG_WAY] * 5),
    "/device/begin/": ([SIGN_IN] * 5, [SIGN_IN, DENIED, DENIED, DENIED, DENIED]),
    "/device/set-up/": ([SIGN_IN] * 5, [SIGN_IN] * 5),
    "/device/recover/": ([SIGN_IN] * 5, [SIGN_IN, DENIED, DENIED, DENIED, DENIED]),
    "/device/clock/": ([SIGN_IN] * 5, [SIGN_IN, DENIED, DENIED, DENIED, DENIED]),
    "/device/remove/": ([SIGN_IN] * 5, [SIGN_IN, BAD, BAD, DENIED, BAD]),
    "/device/close/": ([SIGN_IN] * 5, [SIGN_IN] * 5),
    "/me/password/": ([SIGN_IN, OK, OK, OK, OK], [SIGN_IN, BAD, BAD, BAD, BAD]),
    "/star/": ([SIGN_IN] * 5, [SIGN_IN, BAD, BAD, BAD, BAD]),
    "/fold/": ([SIGN_IN] * 5, [SIGN_IN, BAD, BAD, BAD, BAD]),
    "/me/": ([SIGN_IN, OK, OK, OK, OK], [WRONG_WAY] * 5),
    "/me/end-session/": ([SIGN_IN] * 5, [SIGN_IN] * 5),
    "/me/end-others/": ([SIGN_IN] * 5, [SIGN_IN] * 5),
    "/me/preferences/": ([SIGN_IN] * 5, [SIGN_IN] * 5),
    "/credentials/": ([SIGN_IN, OK, OK, OK, OK], [SIGN_IN, BAD, BAD, BAD, BAD]),
    "/credentials/format/": ([SIGN_IN] * 5, [SIGN_IN, BAD, BAD, BAD, BAD]),
    "/targets/<target:name>/": ([SIGN_IN, NOWHERE, OK, NOWHERE, NOWHERE], [WRONG_WAY] * 5),
    "/go/": ([SIGN_IN, OK, OK, OK, OK], [WRONG_WAY] * 5),
    "/go/<target:name>/": ([SIGN_IN, NOWHERE, OK, NOWHERE, NOWHERE], [WRONG_WAY] * 5),
    "/start": ([OK] * 5, [WRONG_WAY] * 5),
    "/start/": ([OK] * 5, [WRONG_WAY] * 5),
    # it names no AWS account
    "/start/console": ([SIGN_IN, BAD, BAD, BAD, BAD], [WRONG_WAY] * 5),
    "/command-line/": ([SIGN_IN, OK, OK, OK, OK], [SIGN_IN, OK, OK, OK, OK]),
    "/command-line/cooper-profiles.py": ([OK] * 5, [WRONG_WAY] * 5),
    "/command-line/end/": ([SIGN_IN] * 5, [SIGN_IN] * 5),
    "/command-line/end-all/": ([SIGN_IN] * 5, [SIGN_IN] * 5),
    # it is off
    "/code/": ([SIGN_IN, DENIED, DENIED, DENIED, DENIED],) * 2,
    "/code/decide/": ([SIGN_IN] * 5, [SIGN_IN, DENIED, DENIED, DENIED, DENIED]),
    # it is nobody's
    "/permit/<slug:permit_id>/": (
        [SIGN_IN, DENIED, DENIED, DENIED, DENIED],
        [SIGN_IN, DENIED, DENIED, DENIED, DENIED],
    ),
    # they name no client
    "/authorize": ([BAD] * 5, [BAD] * 5),
    "/sso-oidc/authorize": ([BAD] * 5, [BAD] * 5),
    # for tools: no cookie counts there, and every error is in the protocol's own shape
    "/sso-oidc/client/register": ([BAD] * 5, [BAD] * 5),
    "/sso-oidc/device_authorization": ([BAD] * 5, [BAD] * 5),
    "/sso-oidc/token": ([BAD] * 5, [BAD] * 5),
    "/sso/assignment/accounts": ([BAD] * 5, [BAD] * 5),
    "/sso/assignment/roles": ([BAD] * 5, [BAD] * 5),
    "/sso/federation/credentials": ([BAD] * 5, [BAD] * 5),
    "/sso/logout": ([BAD] * 5, [BAD] * 5),
    "/api/v1/openapi.json": ([OK] * 5, [WRONG_WAY] * 5),
    "/api/v1/targets": ([NO_TOKEN] * 5, [WRONG_WAY] * 5),
    "/api/v1/targets/<target:name>/credentials": ([WRONG_WAY] * 5, [NO_TOKEN] * 5),
    "/api/v1/people/<path:person>/disable": ([WRONG_WAY] * 5, [NO_TOKEN] * 5),
    "/api/v1/aws-config": ([NO_TOKEN] * 5, [WRONG_WAY] * 5),
    "/targets/<target:name>/console/": (
        [SIGN_IN] * 5,
        [SIGN_IN, NOWHERE, SEE_OTHER, NOWHERE, NOWHERE],
    ),
    "/targets/<target:name>/credentials/": (
        [SIGN_IN] * 5,
        [SIGN_IN, NOWHERE, OK, NOWHERE, NOWHERE],
    ),
}


def test_it_lists_every_address():
    assert {each for each in addresses() if not each.startswith("/admin/")} == set(ADDRESSES)


def test_no_address_answers_a_get_with_a_page_that_says_nothing():
    """Whatever takes POSTs alone leads a GET to the page that belongs there."""
    pages = {each: gets for each, (gets, _) in ADDRESSES.items() if not each.startswith("/api/")}
    assert not [address for address, gets in pages.items() if WRONG_WAY in gets]
    assert not [address for address in admin_addresses() if listed(address)[0] == WRONG_WAY]


@pytest.mark.parametrize("person", [*PEOPLE, *AS])
@pytest.mark.parametrize("address", ADDRESSES)
def test_it_answers_each_person_as_listed(client_of, address, person):
    place = PEOPLE.index(AS.get(person, person))
    gets, posts = ADDRESSES[address]
    assert client_of(person).get(filled(address)).status_code == gets[place]
    assert client_of(person).post(filled(address), {}).status_code == posts[place]


# the admin for administrators: (GET, POST with no fields) by the address's last part
EDITED = {"": (OK, OK), "add/": (OK, BAD), "delete/": (OK, SIGN_IN), "change/": (OK, STALE)}
KEPT = EDITED | {"add/": (DENIED, DENIED), "delete/": (DENIED, DENIED)}
ONE_PAGE = KEPT | {"": (SIGN_IN, SIGN_IN)}
STEP_UP = (
    "localaccount",
    "person",
    "association",
    "awsaccount",
    "target",
    "auditevent",
    "settings",
)
BESIDES = {
    "history/": (OK, OK),
    "<path:object_id>/": (SIGN_IN, SIGN_IN),
    "try/": (SIGN_IN, SIGN_IN),
}
BESIDES |= {"explain/": (OK, WRONG_WAY), "review/": (OK, BAD), "groups/": (OK, WRONG_WAY)}
BESIDES |= {"import/": (OK, BAD), "export/": (SIGN_IN, OK)}
BESIDES |= dict.fromkeys(("confirm/", "go-on/", "give-up/"), (SIGN_IN, SIGN_IN))
BESIDES |= {"end/": (OK, OK), "end-command-lines/": (OK, OK)}
ADMIN_ADDRESSES = {
    "accounts/localaccount": EDITED,
    "accounts/person": KEPT,
    "accounts/samlidp": KEPT | {"change/": (SIGN_IN, DENIED), "history/": (SIGN_IN, SIGN_IN)},
    "brokers/association": EDITED,
    "brokers/awsaccount": KEPT,
    "brokers/target": EDITED,
    "cooper/installation": ONE_PAGE,
    "cooper/settings": ONE_PAGE,
    "cooper/auditevent": KEPT
    | {"change/": (SIGN_IN, DENIED), "history/": (SIGN_IN, SIGN_IN), "export/": (OK, BAD)},
    "": {"": (OK, OK), "login/": (SIGN_IN, SIGN_IN), "jsi18n/": (OK, WRONG_WAY)},
    "<app_label>/": {"": (OK, OK)},
    "<url>": {"": (NOWHERE, NOWHERE)},
}


@pytest.mark.parametrize("person", [None, "bob", "alice"])
def test_it_lets_nobody_but_administrators_near_the_admin(client_of, person):
    browser, seen = client_of(person), {}
    for address in admin_addresses():
        path = admin_path(address)
        if not address.endswith("login/"):
            seen[path] = {browser.get(path).status_code, browser.post(path, {}).status_code}
    allowed = {SIGN_IN} if person is None else {DENIED}
    assert (
        len(seen) > 30
        and {path: codes for path, codes in seen.items() if not codes <= allowed} == {}
    )


def listed(address: str) -> tuple[int, int]:
    parts = address.removeprefix("/admin/").split("/")
    document = "/".join(parts[:2])
    if document in ADMIN_ADDRESSES:
        last = f"{parts[-2]}/" if len(parts) > 3 else ""
        return (BESIDES | ADMIN_ADDRESSES[document])[last]
    rest = address.removeprefix("/admin/")
    return ADMIN_ADDRESSES[rest][""] if rest in ADMIN_ADDRESSES else ADMIN_ADDRESSES[""][rest]


@pytest.mark.parametrize("person", ["carol", "dan"])
@pytest.mark.parametrize("address", admin_addresses())
def test_it_answers_administrators_as_listed(client_of, person, address):
    client_of("alice")
    browser, path = client_of(person), admin_path(address)
    got, posted = listed(address)
    if person == "dan" and got == OK and any(f"/{each}/" in address for each in STEP_UP):
        # without a device he is taken to set one up
        enrols = ("/add/", "/change/", "/delete/", "/import/", "/auditevent/export/", "/review/")
        ends = ("/end/", "/end-command-lines/")
        enrols += ends
        got = SIGN_IN if address.endswith(enrols) else got
        posted = SIGN_IN if address.endswith(ends) else posted
    assert (browser.get(path).status_code, browser.post(path, {}).status_code) == (got, posted)


def listed_for_an_auditor(address: str) -> tuple[int, int]:
    rest = address.removeprefix("/admin/")
    if rest == "cooper/auditevent/<path:object_id>/":
        return DENIED, DENIED
    if (
        rest.startswith("cooper/auditevent/")
        or rest.endswith(("/history/", "target/review/"))
        or rest in ("", "jsi18n/", "login/")
    ):
        # without a device she is taken to set one up
        return (SIGN_IN, BAD) if rest.endswith(("/export/", "/review/")) else listed(address)
    # the list of an app of which she may see nothing
    return (NOWHERE, NOWHERE) if rest == "<app_label>/" else (DENIED, DENIED)


@pytest.mark.parametrize("address", admin_addresses())
def test_it_lets_an_auditor_read_the_record_and_nothing_else(client_of, address):
    client_of("alice")
    browser, path = client_of("erin"), admin_path(address)
    assert (
        browser.get(path).status_code,
        browser.post(path, {}).status_code,
    ) == listed_for_an_auditor(address)


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_it_mints_by_post_alone(client_of, store, method):
    issued = len(store.issued)
    for way in ("console", "credentials"):
        answer = getattr(client_of("alice"), method)(f"/targets/dev-read/{way}/?duration=900")
        assert answer.status_code == WRONG_WAY
    assert len(store.issued) == issued


PLAIN = "no-store, no-transform"
"""Kept by no cache, and compressed by nobody."""


@pytest.mark.parametrize(
    "address", ["/", "/login/", "/targets/dev-read/", "/nowhere/", "/targets/nowhere/", "/healthz"]
)
def test_it_guards_every_answer(client_of, address):
    answer = client_of("alice").get(address)
    assert (
        answer.headers["Cache-Control"] == ("no-store" if address == "/" else PLAIN)
        and answer.headers["X-Frame-Options"] == "DENY"
    )
    assert (
        answer.headers["X-Content-Type-Options"] == "nosniff"
        and answer.headers["Referrer-Policy"] == "same-origin"
    )
    assert (
        "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        and answer.headers["X-Request-Id"]
    )


def test_it_hands_out_console_and_credentials_uncached(client_of):
    for way, policy in (("console", "no-referrer"), ("credentials", "same-origin")):
        answer = client_of("alice").post(f"/targets/dev-read/{way}/", {"duration": 900})
        assert (
            answer.headers["Cache-Control"] == PLAIN and answer.headers["Referrer-Policy"] == policy
        )


def test_it_tells_a_tool_to_sign_in(client_of):
    answer = client_of(None).post(
        "/targets/dev-read/credentials/", headers={"accept": "application/json"}
    )
    assert answer.status_code == 401 and answer.json()["error"] == "Sign in first."


@pytest.fixture
def disabled(store):
    """Disable a target that Alice is entitled to."""
    target = Target.find("dev-uploads")
    target.state = str(State.DISABLED)
    catalogue.edit(lambda writes: writes.save(target), "dev-uploads")


def test_it_says_the_same_of_foreign_disabled_and_unknown_targets(client_of, disabled):
    pages = set()
    for name in ("prod-break-glass", "dev-uploads", "no-such-target"):
        answer = client_of("alice").get(f"/targets/{name}/")
        pages.add(
            (
                answer.status_code,
                answer.text.replace(answer.headers["X-Request-Id"], "")
                .split("<main")[1]
                .split("</main>")[0],
            )
        )
    assert len(pages) == 1


WAYS_TO_ASK = {
    "page": lambda browser, name: browser.get(f"/targets/{name}/"),
    "bad form": lambda browser, name: browser.post(
        f"/targets/{name}/console/", {"duration": "abc"}
    ),
    "good form": lambda browser, name: browser.post(f"/targets/{name}/console/", {"duration": 900}),
}


@pytest.mark.parametrize("ask", WAYS_TO_ASK)
@pytest.mark.parametrize(
    ("name", "why"), [("prod-break-glass", "not entitled"), ("dev-uploads", "target is disabled")]
)
def test_it_records_who_asked_for_a_target_that_is_not_theirs(client_of, disabled, ask, name, why):
    assert WAYS_TO_ASK[ask](client_of("alice"), name).status_code == NOWHERE
    [event] = [each for each in all_events() if each.event == "grant:begin:refused"]
    assert (event.person, event.target, event.why) == ("local:alice", name, why)


@pytest.mark.parametrize("ask", WAYS_TO_ASK)
def test_it_counts_who_asked_for_a_target_that_does_not_exist(client_of, ask):
    alice = client_of("alice")
    for _ in range(2):
        assert WAYS_TO_ASK[ask](alice, "no-such-target").status_code == NOWHERE
    counted = {
        each.what: each.tries
        for each in Attempt.everything()
        if each.what.startswith("unknown-targets#")
    }
    assert sum(counted.values()) == 2 and all("local:alice" in key for key in counted)
    assert not [each for each in all_events() if each.event.startswith("grant:")]


@pytest.mark.parametrize(
    "fields",
    [
        {"duration": "abc"}, {"duration": "-5"}, {"duration": "1e9"}, {"duration": "99999999"},
        {"duration": "900", "destination": "https://evil.example/"},
        {"duration": "900", "reason": "x" * 501}, {"duration": "9" * 400}, {"destination": "\x00"},
    ],
)  # fmt: skip
def test_it_shows_the_form_again_for_garbage_with_what_was_typed(client_of, fields):
    answer = client_of("alice").post("/targets/dev-read/console/", fields)
    assert answer.status_code == BAD and "errorlist" in answer.text
    if fields.get("destination", "").startswith("https"):
        assert "https://evil.example/" in answer.text
