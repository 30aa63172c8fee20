"""Any text in any field: no error page, nothing stored that its readers refuse, nothing lost.

Each field of each form gets some texts that have broken something somewhere, and what hypothesis
thinks of. `make soak` sends many more.
"""

import copy
import re
import runpy
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brokers.import_export import jobs
from brokers.import_export.drafts import FileRefused, draft
from cooper_project import settings as cooper_settings
from tests.support.codes import next_code
from tests.support.forms import fields_of, mark_in
from tests.support.import_files import exported

HOSTILE = (
    "\0", "a\0b", " ", "\n", "\r\n", "a\r\nb", "\u00a0", "\u202eabc", "\u2028", "\ufeff", "\ud7ff",
    "x" * 3_000, "😀" * 700, "'", '"', "`id`", "$(id)", "%PATH%", "a & calc", "<script>",
    "{{ 7*7 }}",    "=1+1", "-1", "0", "1e400", "9" * 400, "١٢٣", "NaN", "true", "null", "[]",
    "{}", "{",
    '{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": []}',
    '{"Statement": [{"effect": "Deny"}]}', "[" * 2_000, "!!python/object:x", "- a: b", "a: b: c",
    "arn:aws:iam::444444444444:role/x\n", "arn:aws:iam::4444-4444-4444:role/x",
    "evil.example/eu-west-1", 'x" & calc & "us-east-1', "us-east-1\ncredential_process=/x",
    "eu-west-1a", "default", "DEFAULT", "../../etc", "/", "//evil.example", "https://evil.example/",
    "local:okta:prod-admins", "okta:", ":", "okta:CN=a,OU=b", "2026-02-30", "9999-12-31T23:59",
    "0001-01-01T00:00", "2026-11-26T00:00+99:99", "4444-4444-4444", "ＡＢＣ", "ﬁ", "İ", "ß",
)  # fmt: skip
"""Texts that have broken some program."""

TEXTS = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(codec="utf-8"), max_size=60),
    st.text("aé\n\r\t \"'%&:,/=[]{}0٣", max_size=12),
)
NEVER_KEPT = {"code", "recovery_code", "password", "federation_keys"}
FEW = settings(
    max_examples=4,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
MANY = settings(FEW, max_examples=150, derandomize=False)
PER_FIELD = 1


@dataclass(frozen=True)
class AnyForm:
    """A form: who sends it, its page, its id there, and where it goes if elsewhere."""

    person: str | None
    page: str
    form_id: str = ""
    action: str = ""
    fields: tuple[str, ...] = ()
    """The fields of a page with several forms."""


ADMIN = "/admin/brokers/"
FORMS = {
    "role": AnyForm("carol", f"{ADMIN}target/dev-read/change/", "target_form"),
    "federated user": AnyForm("carol", f"{ADMIN}target/dev-uploads/change/", "target_form"),
    "new role": AnyForm("carol", f"{ADMIN}target/add/?kind=role", "target_form"),
    "new federated user": AnyForm(
        "carol", f"{ADMIN}target/add/?kind=federated_user", "target_form"
    ),
    "association": AnyForm(
        "carol",
        f"{ADMIN}association/dev-read%7Clocal_3Adevelopers/change/",
        "association_form",
    ),
    "new association": AnyForm("carol", f"{ADMIN}association/add/", "association_form"),
    "AWS account": AnyForm("carol", f"{ADMIN}awsaccount/333333333333/change/", "awsaccount_form"),
    "local account": AnyForm(
        "carol", "/admin/accounts/localaccount/bob/change/", "localaccount_form"
    ),
    "new local account": AnyForm("carol", "/admin/accounts/localaccount/add/", "localaccount_form"),
    "sign-in": AnyForm(None, "/login/"),
    "become": AnyForm(
        "alice", "/targets/dev-read/", action="/targets/dev-read/console/",
        fields=("duration", "reason", "code"),
    ),
    "credentials": AnyForm(
        "alice", "/targets/dev-read/", action="/targets/dev-read/credentials/",
        fields=("duration", "reason", "code"),
    ),
    "device": AnyForm("bob", "/device/", action="/device/begin/", fields=("password", "code")),
    "recovery": AnyForm("carol", "/device/", action="/device/recover/", fields=("code",)),
}  # fmt: skip


def send(browser: Client, form: AnyForm, name: str, text: str) -> Any:
    """Fill the form in with a text in one field, and send it; look at what it does first."""
    fields = fields_of(browser.get(form.page).text, form.form_id)
    if "code" in fields and form.person == "carol":
        fields["code"] = next_code("carol")
    if "kind=role" in form.page and name != "role_arn":
        fields["role_arn"] = "arn:aws:iam::444444444444:role/cooper-read"
    fields[name] = text

    address = form.action or form.page
    answer = browser.post(address, fields)
    if "Nothing is saved yet" in answer.text:
        answer = browser.post(
            address, fields | {"impact_shown": mark_in(answer.text, "impact_shown")}
        )
    return answer


def plain(text: str) -> str:
    """Return what a page can show of a text: no NUL, one kind of line end, no blanks around it."""
    return re.sub(r"\s+", " ", text.replace("\0", "").replace("\ufffd", "")).strip()


def check(browser: Client, form: AnyForm, name: str, text: str) -> None:
    """Send a text, and find no error page, nothing lost, nothing that cannot be read again."""
    answer = send(browser, form, name, text)
    assert answer.status_code < 500, (name, text)

    is_shown_again = answer.status_code in (400, 409) and form.action == ""
    is_choice = re.search(rf'<select name="{name}"|type="checkbox" name="{name}"', answer.text)
    if is_shown_again and not is_choice and name not in NEVER_KEPT:
        kept = fields_of(answer.text, form.form_id).get(name)
        assert kept is None or plain(kept) == plain(text), (name, text)
    if answer.status_code in (302, 303):
        check_readers(browser, form)


def check_readers(browser: Client, form: AnyForm) -> None:
    """Read what is stored as pages, the portal, and an import do."""
    assert browser.get(form.page).status_code in (200, 302)
    if form.person == "carol":
        assert not draft(exported().encode()).plan


def text_fields(browser: Client, form: AnyForm) -> list[str]:
    """Return the names of the fields that take text."""
    if form.fields:
        return list(form.fields)
    page = browser.get(form.page)
    assert page.status_code == 200, form.page
    hidden = set(re.findall(r'<input type="hidden" name="([^"]+)"', page.text))
    names = [name for name in fields_of(page.text, form.form_id) if name not in hidden]
    assert names, form.page
    return [name for name in names if not name.startswith("_") and "-" not in name]


@pytest.mark.parametrize("kind", FORMS)
def test_every_field_takes_or_refuses_what_has_broken_others(client_of, kind):
    form = FORMS[kind]
    browser = client_of(form.person)
    texts = cycle(HOSTILE)
    list(islice(texts, sum(map(ord, kind)) % len(HOSTILE)))
    for name in text_fields(browser, form):
        for text in islice(texts, PER_FIELD):
            check(browser, form, name, text)


@pytest.mark.parametrize("kind", FORMS)
def test_every_field_takes_or_refuses_any_text(client_of, kind):
    form = FORMS[kind]
    browser = client_of(form.person)
    names = text_fields(browser, form)

    @FEW
    @given(name=st.sampled_from(names), text=TEXTS)
    def try_one(name: str, text: str) -> None:
        check(browser, form, name, text)

    try_one()


# -- addresses, searches, headers ------------------------------------------------------------------
ADDRESSES = (
    "/?q={}", "/?label={}", "/login/?next={}", "/login/{}/", "/device/?next={}", "/targets/{}/",
    f"{ADMIN}target/?q={{}}", f"{ADMIN}target/?label={{}}", f"{ADMIN}target/?p={{}}",
    f"{ADMIN}target/?o={{}}", f"{ADMIN}target/{{}}/change/", f"{ADMIN}association/?q={{}}",
    f"{ADMIN}target/explain/?person={{}}", f"{ADMIN}target/explain/?groups={{}}",
    f"{ADMIN}awsaccount/{{}}/history/", "/admin/accounts/person/{}/change/",
    "/admin/accounts/person/?q={}", "/admin/cooper/auditevent/?q={}",
    "/admin/cooper/auditevent/?person={}", "/admin/cooper/auditevent/?since={}",
    "/admin/cooper/auditevent/?until={}", "/admin/cooper/auditevent/?event={}",
    "/admin/cooper/auditevent/?after={}", "/readyz?{}", "/saml2/ls/?SAMLResponse={}", "/{}",
)  # fmt: skip
HEADERS = ("Accept", "User-Agent", "Referer", "X-Forwarded-For", "X-Forwarded-Proto", "Cookie")


def check_addresses(browser: Client, texts: Any, number: int) -> None:
    for address in ADDRESSES:
        for text in islice(texts, number):
            answer = browser.get(address.format(quote(text, safe="")))
            assert answer.status_code < 500, (address, text)
    for header in HEADERS:
        for text in islice(texts, number):
            answer = browser.get("/healthz", headers={header: text})
            assert answer.status_code < 500, (header, text)


@pytest.mark.parametrize("person", ["carol", "bob", None])
def test_every_address_takes_or_refuses_what_has_broken_others(client_of, person):
    check_addresses(client_of(person), cycle(HOSTILE), 2)


@pytest.mark.soak
@pytest.mark.parametrize("person", ["carol", "bob", None])
def test_every_address_takes_or_refuses_all_of_it(client_of, person):
    check_addresses(client_of(person), cycle(HOSTILE), len(HOSTILE))


# -- files for import ------------------------------------------------------------------------------
def values_of(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of each key and each value in a file."""
    if isinstance(node, dict):
        inner = [values_of(value, (*path, key)) for key, value in node.items()]
    elif isinstance(node, list):
        inner = [values_of(value, (*path, number)) for number, value in enumerate(node)]
    else:
        inner = []
    return [path, *(each for paths in inner for each in paths)]


def with_value(node: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return the file with another value at a path."""
    if not path:
        return value
    changed = copy.copy(node)
    changed[path[0]] = with_value(node[path[0]], path[1:], value)
    return changed


def with_key(node: Any, path: tuple[Any, ...], key: Any) -> Any:
    """Return the file with another key at a path."""
    if len(path) > 1:
        return with_value(node, path[:1], with_key(node[path[0]], path[1:], key))
    if isinstance(node, dict):
        return {(key if name == path[0] else name): value for name, value in node.items()}
    return node


def check_import(content: Any) -> None:
    """Import a file, or refuse it with its line; what was imported is read again as it was."""
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    try:
        planned = draft(text.encode())
    except FileRefused as refused:
        complaints = refused.lines
    else:
        complaints = []
    if complaints:
        assert all(line.strip() for line in complaints)
        return

    if planned.plan:
        jobs.begin(planned, "local:carol")
        jobs.resume()
    assert not draft(exported().encode()).plan
    assert not draft(text.encode()).plan


VALUES = st.one_of(
    TEXTS, st.none(), st.booleans(), st.integers(), st.floats(), st.just([]), st.just({})
)


def import_any(max_examples: settings) -> None:
    original = yaml.safe_load(exported())
    paths = [path for path in values_of(original) if path]

    @max_examples
    @given(path=st.sampled_from(paths), value=VALUES, is_key=st.booleans())
    def try_one(path: tuple[Any, ...], value: Any, is_key: bool) -> None:
        if is_key and isinstance(value, (str, int, float, bool, type(None))):
            check_import(with_key(original, path, value))
        else:
            check_import(with_value(original, path, value))

    try_one()


def test_an_import_takes_or_refuses_any_value_of_any_key(store):
    import_any(settings(FEW, max_examples=12))


@pytest.mark.soak
def test_an_import_takes_or_refuses_many_values_of_each_key(store):
    import_any(settings(MANY, max_examples=2_000))


# -- settings --------------------------------------------------------------------------------------
SOURCE = Path(cooper_settings.__file__).read_text(encoding="utf-8")
SETTINGS = sorted(set(re.findall(r'env\.\w+\(\s*"(\w+)"', SOURCE)))


def check_setting(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    """Read the settings anew: they are good, or one line names the variable."""
    if "\0" in text or name in {"AWS_REGION", "AWS_DEFAULT_REGION"}:
        return
    message = name
    monkeypatch.setenv(name, text)
    try:
        runpy.run_path(cooper_settings.__file__)
    except ImproperlyConfigured as error:
        message = str(error)
    monkeypatch.delenv(name)
    assert name in message and "\n" not in message


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_is_read_or_named_in_one_line(monkeypatch, name):
    for text in HOSTILE:
        check_setting(monkeypatch, name, text)


@pytest.mark.soak
@pytest.mark.parametrize("kind", FORMS)
def test_every_field_takes_or_refuses_much_text(client_of, kind):
    form = FORMS[kind]
    names = text_fields(client_of(form.person), form)
    for name in names:
        browser = client_of(form.person)
        for text in HOSTILE:
            check(browser, form, name, text)

    browser = client_of(form.person)

    @MANY
    @given(name=st.sampled_from(names), text=TEXTS)
    def try_one(name: str, text: str) -> None:
        check(browser, form, name, text)

    try_one()
