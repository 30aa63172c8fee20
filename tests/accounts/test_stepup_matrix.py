"""Every sensitive operation x every kind of code: only the right one changes anything.

Each cell has its own person and the clock is the test's, so nothing waits.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.admin.step_up import StepUpMixin
from accounts.command_lines import CommandLine
from accounts.models import LocalAccount, OnceRecord, Person, TotpDevice
from accounts.own_sessions import all_active
from brokers.import_export import jobs
from brokers.import_export.drafts import draft
from brokers.models import Association, AwsAccount, Import, State, Target
from core import admin
from core.audit import AuditEvent, Event
from core.installation import STOP_SWITCH_ITEM, Installation
from embedded_aws import EmbeddedAws
from tests.support.codes import give_device, next_code
from tests.support.documents import command_line_of
from tests.support.federation_keys import encrypted
from tests.support.forms import fields_of, looked_at, mark_in
from tests.support.stored import items_of

DOCUMENTS = (
    Target,
    Association,
    AwsAccount,
    Import,
    LocalAccount,
    Person,
    Installation,
    OnceRecord,
    CommandLine,
)
PASSWORD = "cooper-demo"
SAID = {
    "no device": "no device for it yet",
    "no code": "needs a one-time code",
    "wrong code": "code is not valid now",
    "used code": "code is not valid now",
    "another's code": "code is not valid now",
    "letters": "code is not valid now",
    "code of another operation": "code is not valid now",
}

Post = Callable[[Any, str], Any]


@dataclass(frozen=True)
class OperationCase:
    """What is posted, given the code; `of`: the document and operation in the admin."""

    post: Post
    of: tuple[str, str] = ("", "")
    prepare: Callable[[str], None] | None = None


def form(address: str, form_id: str, **typed: str) -> Post:
    """Return an operation that opens a form, types, and sends it with a code."""

    def post(browser: Any, code: str) -> Any:
        page = browser.get(address)
        if page.status_code != 200:
            # somebody without a device is led to set one up, and tries all the same
            return browser.post(address, typed | {"code": code})
        return looked_at(browser, address, fields_of(page.text, form_id) | typed | {"code": code})

    return post


def act(model: str, action: str, *chosen: str, **typed: str) -> Post:
    """Return an operation that confirms an action on chosen documents."""

    def post(browser: Any, code: str) -> Any:
        said = {"action": action, "_selected_action": list(chosen), "told": "1", **typed}
        shown = browser.post(f"/admin/{model}/", said)
        return browser.post(
            f"/admin/{model}/",
            said | {"confirmed": "yes", "seen": mark_in(shown.text), "code": code},
        )

    return post


def delete(address: str) -> Post:
    """Return an operation that confirms a deletion."""

    def post(browser: Any, code: str) -> Any:
        return browser.post(
            address, {"post": "yes", "seen": mark_in(browser.get(address).text), "code": code}
        )

    return post


def send(address: str, **typed: str) -> Post:
    """Return an operation that posts."""
    return lambda browser, code: browser.post(address, typed | {"code": code})


ONE = "cooper: 1\nassociations:\n  dev-read:\n    local:visitors:\n"
IMPORT = "/admin/brokers/target/import/"


def import_file(browser: Any, code: str) -> Any:
    """Choose a file, look at its plan, and confirm it with a code."""
    page = browser.post(IMPORT, {"file": SimpleUploadedFile("targets.yaml", ONE.encode())})
    return browser.post(f"{IMPORT}confirm/", fields_of(page.text, "confirm_form") | {"code": code})


def cut_short(_: str) -> None:
    """Let an import of somebody else be unfinished."""
    jobs.begin(draft(ONE.encode()), "local:dan")


def end_the_first(browser: Any, code: str) -> Any:
    """End the first web session on a person's page."""
    [found, *_] = all_active(Person.find("local:alice"), time.time())
    address = f"/admin/{PEOPLE}/local_3Aalice/end/?session={found.key_hash}"
    seen = mark_in(browser.get(address).text)
    return browser.post(address, {"confirmed": "yes", "seen": seen, "code": code})


def end_the_command_lines(browser: Any, code: str) -> Any:
    """End all command lines of a person; there is one."""
    address = f"/admin/{PEOPLE}/local_3Aalice/end-command-lines/"
    seen = mark_in(browser.get(address).text)
    return browser.post(address, {"confirmed": "yes", "seen": seen, "code": code})


def with_command_line(_: str) -> None:
    """Let Alice have a command line."""
    command_line_of("local:alice").save()


def pending(_: str) -> None:
    """Let a target wait for its try."""
    found = Target.find("dev-read")
    found.state = str(State.PENDING)
    found.save()


def not_tested(_: str) -> None:
    """Let an enabled target have no result of a test."""
    found = Target.find("dev-read")
    found.probe = None
    found.save()


def disabled(_: str) -> None:
    """Let a target be disabled."""
    found = Target.find("dev-read")
    found.state = str(State.DISABLED)
    found.save()


def stopped(_: str) -> None:
    """Let all grants be stopped."""
    found = Installation.find(STOP_SWITCH_ITEM)
    found.stopped = True
    found.save()


def alice_has_a_device(_: str) -> None:
    give_device("alice")


ELSEWHERE = "arn:aws:iam::999999999999:role/evil"
"""A role in an AWS account that cooper does not know."""

TARGETS, LOCAL, PEOPLE = "brokers/target", "accounts/localaccount", "accounts/person"
FEDERATED = {
    "name": "new-uploads",
    "session_policy": '{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
}
OPERATIONS = {
    "add a role": OperationCase(
        form(
            f"/admin/{TARGETS}/add/?kind=role",
            "target_form",
            name="new",
            role_arn=ELSEWHERE,
            max_seconds="3600",
        ),
        ("target", "add"),
    ),
    "change a target": OperationCase(
        form(f"/admin/{TARGETS}/dev-read/change/", "target_form", title="New"), ("target", "change")
    ),
    "entitle a group in a target's form": OperationCase(
        form(
            f"/admin/{TARGETS}/dev-read/change/",
            "target_form",
            **{"associations-1-group": "finance"},
        ),
        ("target", "change"),
    ),
    "delete a target": OperationCase(
        delete(f"/admin/{TARGETS}/dev-read/delete/"), ("target", "delete")
    ),
    "delete several targets": OperationCase(
        act(TARGETS, "delete_chosen", "dev-read", "dev-admin"), ("target", "delete")
    ),
    "enable a target by a try": OperationCase(
        send(f"/admin/{TARGETS}/dev-read/try/"), ("target", "try"), pending
    ),
    "test an enabled target, which may disable it": OperationCase(
        send(f"/admin/{TARGETS}/dev-read/try/"), ("target", "try"), not_tested
    ),
    "enable several targets": OperationCase(
        act(TARGETS, "enable", "dev-read", "dev-admin"), ("target", "enable"), disabled
    ),
    "disable several targets": OperationCase(
        act(TARGETS, "disable", "dev-read", "dev-admin"), ("target", "disable")
    ),
    "mark several targets sensitive": OperationCase(
        act(TARGETS, "mark_sensitive", "dev-read", "dev-admin"), ("target", "mark_sensitive")
    ),
    "mark several targets not sensitive": OperationCase(
        act(TARGETS, "unmark_sensitive", "prod-admin", "dev-read"), ("target", "unmark_sensitive")
    ),
    "associate a group with several targets": OperationCase(
        act(TARGETS, "associate", "dev-read", "dev-admin", group="visitors"),
        ("target", "associate"),
    ),
    "dissociate a group from several targets": OperationCase(
        act(TARGETS, "dissociate", "dev-read", "dev-admin", group="developers"),
        ("target", "dissociate"),
    ),
    "set the longest session of several targets": OperationCase(
        act(TARGETS, "set_longest", "dev-read", "dev-admin", max_seconds="1800"),
        ("target", "set_longest"),
    ),
    "set the owner of several targets": OperationCase(
        act(TARGETS, "set_owner", "dev-read", "dev-admin", owner="Platform"),
        ("target", "set_owner"),
    ),
    "set the rank of several targets": OperationCase(
        act(TARGETS, "set_rank", "dev-read", "dev-admin", rank="7"), ("target", "set_rank")
    ),
    "demand a reason for several targets": OperationCase(
        act(TARGETS, "set_reason", "dev-read", reason_pattern="a", reason_example="a"),
        ("target", "set_reason"),
    ),
    "open several targets to command lines": OperationCase(
        act(TARGETS, "set_command_lines", "dev-read", "prod-admin", command_lines="permit"),
        ("target", "set_command_lines"),
    ),
    "add an association": OperationCase(
        form(
            "/admin/brokers/association/add/",
            "association_form",
            target="dev-read",
            group="finance",
        ),
        ("association", "add"),
    ),
    "change an association": OperationCase(
        form(
            "/admin/brokers/association/dev-read%7Clocal_3Adevelopers/change/",
            "association_form",
            until="2040-01-01T00:00",
        ),
        ("association", "change"),
    ),
    "delete an association": OperationCase(
        delete("/admin/brokers/association/dev-read%7Clocal_3Adevelopers/delete/"),
        ("association", "delete"),
    ),
    "change an AWS account": OperationCase(
        form("/admin/brokers/awsaccount/222222222222/change/", "awsaccount_form", name="New"),
        ("awsaccount", "change"),
    ),
    "add a local account": OperationCase(
        form(
            f"/admin/{LOCAL}/add/",
            "localaccount_form",
            username="new",
            password="long-and-rare-4711",
        ),
        ("localaccount", "add"),
    ),
    "change a local account": OperationCase(
        form(f"/admin/{LOCAL}/bob/change/", "localaccount_form", groups="admins"),
        ("localaccount", "change"),
    ),
    "delete a local account": OperationCase(
        delete(f"/admin/{LOCAL}/bob/delete/"), ("localaccount", "delete")
    ),
    "delete several local accounts": OperationCase(
        act(LOCAL, "delete_chosen", "bob", "alice"), ("localaccount", "delete")
    ),
    "disable a person": OperationCase(
        form(f"/admin/{PEOPLE}/local_3Aalice/change/", "person_form", disabled="on"),
        ("person", "change"),
    ),
    "end all web sessions of people": OperationCase(
        act(PEOPLE, "end_web_sessions", "local:alice"), ("person", "end_web_sessions")
    ),
    "end one web session of a person": OperationCase(end_the_first),
    "end the command lines of a person": OperationCase(
        end_the_command_lines, ("person", "end_command_lines"), with_command_line
    ),
    "export the audit log": OperationCase(
        send(
            "/admin/cooper/auditevent/export/", since="2026-02-03", until="2026-02-04", format="csv"
        ),
        ("auditevent", "export"),
    ),
    "take the access review": OperationCase(send("/admin/brokers/target/review/")),
    "reset another's device": OperationCase(
        act(PEOPLE, "reset_devices", "local:alice"), ("person", "reset_devices"), alice_has_a_device
    ),
    "make enrolment codes": OperationCase(
        act(PEOPLE, "make_enrolment_codes", "local:alice"), ("person", "make_enrolment_codes")
    ),
    "change the default contact": OperationCase(
        form("/admin/cooper/settings/contact/change/", "settings_form", default_contact="Platform"),
        ("settings", "change"),
    ),
    "lift the stop of all grants": OperationCase(
        form("/admin/cooper/installation/grants/change/", "installation_form", stopped="off"),
        ("installation", "change"),
        stopped,
    ),
    "import a file": OperationCase(import_file, ("target", "import")),
    "go on with an import": OperationCase(send(f"{IMPORT}go-on/"), ("target", "import"), cut_short),
    "give an import up": OperationCase(send(f"{IMPORT}give-up/"), ("target", "import"), cut_short),
    "become a sensitive target with credentials": OperationCase(
        send("/targets/prod-admin/credentials/", duration="900")
    ),
    "become a sensitive target in the console": OperationCase(
        send("/targets/prod-admin/console/", duration="900")
    ),
    "replace one's device": OperationCase(send("/device/begin/", password=PASSWORD)),
    "remove one's device": OperationCase(send("/device/remove/")),
}


def state(store: EmbeddedAws, person: str) -> Any:
    """Return everything that gives power, as it is stored."""
    documents = []
    for document in DOCUMENTS:
        for item in items_of(store, document):
            # people are seen by whatever they do
            item.pop("last_seen", None)
            documents.append(json.dumps(item, sort_keys=True))

    devices = [(item["person"]["S"], item["seed"]["B"]) for item in items_of(store, TotpDevice)]
    done = [each.at for each in AuditEvent.by_person.query(person) if str(each.event) in GIVES]
    return sorted(documents), sorted(devices), done


GIVES = {
    Event.GRANT_INTENDED,
    Event.GRANT_DONE,
    Event.ENROLMENT_BEGUN,
    Event.AUDIT_EXPORTED,
    Event.SESSION_ENDED,
}


def cast(kind: str, prepare: Callable[[str], None] | None, operation: str) -> str:
    """Make an administrator who may also become prod-admin; return their name."""
    name = "gwen"
    LocalAccount(
        name, groups=["admins", "developers"], password=LocalAccount.find("carol").password
    ).save()
    if kind != "no device":
        give_device(name)
    if prepare:
        prepare(name)
    return name


def code_for(kind: str, browser: Any, name: str) -> str:
    """Return what is sent as the code."""
    if kind == "no device":
        return "123456"
    if kind == "no code":
        return ""
    if kind == "letters":
        return "abcdef"
    if kind == "another's code":
        give_device("dan")
        return next_code("dan")
    right = next_code(name)
    if kind == "used code":
        send("/targets/prod-admin/credentials/", duration="900")(browser, right)
    if kind == "code of another operation":
        answer = form(
            "/admin/brokers/awsaccount/555555555555/change/", "awsaccount_form", name="Other"
        )(browser, right)
        assert answer.status_code == 302
    return f"{(int(right) + 500_000) % 1_000_000:06d}" if kind == "wrong code" else right


CELLS = [
    (operation, kind)
    for operation in OPERATIONS
    for kind in (*SAID, "right code")
    # without a device it is a first one that is set up: enrolment has its own tests
    if (operation, kind) != ("replace one's device", "no device")
]


@pytest.mark.parametrize(("operation", "kind"), CELLS)
def test_it_is_done_with_the_right_code_alone(client_of, store, operation, kind):
    client_of("alice")
    name = cast(kind, OPERATIONS[operation].prepare, operation)
    browser = client_of(name)
    code = code_for(kind, browser, name)
    person = f"local:{name}"
    before = state(store, person)
    answer = OPERATIONS[operation].post(browser, code)
    assert answer.status_code < 500
    if kind == "right code":
        assert state(store, person) != before
        return
    assert state(store, person) == before
    if kind == "no device" and operation in ("remove one's device", "lift the stop of all grants"):
        return
    said = (
        answer.text
        if answer.status_code not in (301, 302, 303)
        else browser.get(answer["Location"], follow=True).text
    )
    wanted = (
        "Set up your device first"
        if kind == "no device" and "Set up your device first" in said
        else SAID[kind]
    )
    assert wanted in said


@pytest.mark.parametrize("kind", ["wrong code", "no code"])
def test_it_records_what_it_refused(client_of, kind):
    name = cast(kind, None, "")
    browser = client_of(name)
    OPERATIONS["change a target"].post(browser, code_for(kind, browser, name))
    refused = [
        each
        for each in AuditEvent.by_person.query(f"local:{name}")
        if each.event == Event.STEP_UP_REFUSED
    ]
    assert [each.why for each in refused] == [kind]


def test_it_has_a_row_for_every_operation_that_takes_a_code(store):
    wanted = {
        (model._meta.model_name, str(operation))
        for model, admin_of in admin.site._registry.items()
        if isinstance(admin_of, StepUpMixin)
        for operation in admin_of.step_up
        if operation not in ("add", "change", "delete")
        or getattr(admin_of, f"has_{operation}_permission")(Somebody())
    }
    assert wanted - {operation.of for operation in OPERATIONS.values()} == set()


class Somebody:
    """A request of an administrator, as far as permissions look."""

    class user:  # noqa: N801 - it stands for an attribute
        is_active = is_staff = True

        @staticmethod
        def has_perm(*_: Any) -> bool:
            return True


def test_it_guards_everything_that_gives_power(store):
    bare = {
        kind: of for kind, of in admin.site._registry.items() if not isinstance(of, StepUpMixin)
    }
    may = [f"has_{operation}_permission" for operation in ("add", "change", "delete")]
    # what is only shown there has no operation, and so no code
    assert [
        kind
        for kind, of in bare.items()
        if of.actions or any(getattr(of, each)(Somebody()) for each in may)
    ] == []
    assert len(admin.site._registry) > 6 and {kind.__name__ for kind in bare} <= {"SamlIdp"}


def test_it_gives_a_federated_user_away_with_a_code_alone(client_of, store):
    browser = client_of("carol")
    keys = encrypted("AKIAIOSFODNN7EXAMPLE", "x" * 40)
    typed = FEDERATED | {"federation_keys": keys, "max_seconds": "3600"}
    post = form(f"/admin/{TARGETS}/add/?kind=federated_user", "target_form", **typed)
    assert post(browser, "").status_code in (400, 403) and Target.find("new-uploads") is None
