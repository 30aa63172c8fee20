"""Every write of an administrator, each as its last POST."""

import time
from typing import Any

from django.test import Client

from accounts.models import Person
from accounts.own_sessions import all_active
from brokers.import_export import jobs
from brokers.import_export.drafts import draft
from brokers.models import State, Target
from core.installation import STOP_SWITCH_ITEM, Installation
from demo.seed import READ_S3, SPARE_ROLE
from embedded_aws import seed_aws
from tests.support.codes import give_device, next_code
from tests.support.documents import command_line_of
from tests.support.fault_flows import Operation, act, delete, first, form, send_with_code
from tests.support.federation_keys import encrypted
from tests.support.forms import fields_of, mark_in, submit

SPARE_ROLE_ARN = f"arn:aws:iam::444444444444:role/{SPARE_ROLE}"
IMPORT = "/admin/brokers/target/import/"
FILE = b"""cooper: 1
associations:
  dev-read:
    local:visitors:
  staging-read:
    local:visitors:
"""


class Upload:
    """A file to send, as often as one likes."""

    name = "targets.yaml"
    content_type = "application/yaml"

    def read(self) -> bytes:
        """Return all of it, each time."""
        return FILE


# -- what is there before --------------------------------------------------------------------------
def change(name: str, **attributes: object) -> None:
    """Change a target behind the catalogue's back."""
    target = Target.find(name)
    for attribute, value in attributes.items():
        setattr(target, attribute, value)
    target.save()


def disable_two() -> None:
    """Let two targets be disabled."""
    for name in ("dev-read", "dev-admin"):
        change(name, state=str(State.DISABLED))


def stop_all() -> None:
    """Let all grants be stopped."""
    switch = Installation.find(STOP_SWITCH_ITEM)
    switch.stopped = True
    switch.save()


def cut_import_short() -> None:
    """Let an import of somebody else be unfinished."""
    jobs.begin(draft(FILE), "local:dan")


def add_command_line() -> None:
    """Let Alice have a command line."""
    command_line_of("local:alice").save()


# -- flows -----------------------------------------------------------------------------------------
def add_federated_user(browser: Client) -> Any:
    """Add a federated user whose keys are good."""
    keys = seed_aws.create_user_key("222222222222", "cooper-new-uploads")
    typed = {
        "name": "new-uploads",
        "federation_keys": encrypted(*keys),
        "session_policy": READ_S3,
        "max_seconds": "3600",
    }
    return submit(browser, "/admin/brokers/target/add/?kind=federated_user", "target_form", **typed)


def enable_by_probe(browser: Client) -> Any:
    """Test a pending target, which enables it."""
    target = Target.find("dev-read")
    target.state = str(State.PENDING)
    target.save()
    code = next_code(browser.username)
    return browser.post("/admin/brokers/target/dev-read/try/", {"code": code})


def choose_file(browser: Client) -> Any:
    """Choose a file to import."""
    return browser.post(IMPORT, {"file": Upload()})


def import_file(browser: Client) -> Any:
    """Choose a file, look at its plan, and confirm it with a code."""
    page = choose_file(browser)
    confirmation = fields_of(page.text, "confirm_form") | {"code": next_code(browser.username)}
    return browser.post(f"{IMPORT}confirm/", confirmation)


def reset_device(browser: Client) -> Any:
    """Reset somebody's device."""
    give_device("alice")
    return act("accounts/person", "reset_devices", "local:alice")(browser)


def look_and_confirm(address: str) -> Any:
    """Return the flow that looks at a page and confirms what it asks, with a code."""

    def flow(browser: Client) -> Any:
        seen = mark_in(browser.get(address).text)
        code = next_code(browser.username)
        return browser.post(address, {"confirmed": "yes", "seen": seen, "code": code})

    return flow


def end_one_session(browser: Client) -> Any:
    """End the first web session of a person."""
    [web_session, *_] = all_active(Person.find("local:alice"), time.time())
    address = f"/admin/{PEOPLE}/local_3Aalice/end/?session={web_session.key_hash}"
    return look_and_confirm(address)(browser)


TARGETS, LOCAL, PEOPLE = "brokers/target", "accounts/localaccount", "accounts/person"
ASSOCIATION = "/admin/brokers/association/dev-read%7Clocal_3Adevelopers"
TWO = ("dev-read", "dev-admin")

ADMIN_WRITES = {
    "add a role": Operation(
        "carol",
        form(
            f"/admin/{TARGETS}/add/?kind=role",
            "target_form",
            name="support-read",
            role_arn=SPARE_ROLE_ARN,
            max_seconds="3600",
        ),
        writes_what_aws_says=True,
    ),
    "add a federated user": Operation("carol", add_federated_user, writes_what_aws_says=True),
    "change a target": Operation(
        "carol", form(f"/admin/{TARGETS}/dev-read/change/", "target_form", title="New")
    ),
    "entitle a group": Operation(
        "carol",
        form(
            f"/admin/{TARGETS}/dev-read/change/",
            "target_form",
            **{"associations-1-group": "local:visitors"},
        ),
    ),
    "delete a target": Operation("carol", delete(f"/admin/{TARGETS}/dev-read/delete/")),
    "enable a target by a probe": Operation("carol", enable_by_probe, writes_what_aws_says=True),
    "disable several targets": Operation(
        "carol", act(TARGETS, "disable", "dev-read", "dev-admin"), in_steps=True
    ),
    "add an association": Operation(
        "carol",
        form(
            "/admin/brokers/association/add/",
            "association_form",
            target="dev-read",
            group="local:visitors",
        ),
    ),
    "delete an association": Operation(
        "carol",
        delete("/admin/brokers/association/dev-read%7Clocal_3Adevelopers/delete/"),
    ),
    "stop an AWS account": Operation(
        "carol",
        form("/admin/brokers/awsaccount/222222222222/change/", "awsaccount_form", stopped="on"),
    ),
    "stop all grants": Operation(
        "carol",
        form("/admin/cooper/installation/grants/change/", "installation_form", stopped="on"),
    ),
    "disable a person": Operation(
        "carol", form(f"/admin/{PEOPLE}/local_3Aalice/change/", "person_form", disabled="on")
    ),
    "end web sessions": Operation(
        "carol", act(PEOPLE, "end_web_sessions", "local:alice"), in_steps=True
    ),
    "reset a device": Operation("carol", reset_device, in_steps=True),
    "add a local account": Operation(
        "carol",
        form(
            f"/admin/{LOCAL}/add/",
            "localaccount_form",
            username="gwen",
            password="long-and-rare-4711",
        ),
    ),
    "change a local account": Operation(
        "carol", form(f"/admin/{LOCAL}/alice/change/", "localaccount_form", groups="admins")
    ),
    "delete a local account": Operation("carol", delete(f"/admin/{LOCAL}/bob/delete/")),
    "choose a file to import": Operation("carol", choose_file, in_steps=True),
    "import a file": Operation("carol", import_file, in_steps=True),
    "enable several targets": Operation(
        "carol",
        first(disable_two, act(TARGETS, "enable", *TWO)),
        in_steps=True,
        writes_what_aws_says=True,
    ),
    "delete several targets": Operation(
        "carol", act(TARGETS, "delete_chosen", *TWO), in_steps=True
    ),
    "mark several targets sensitive": Operation(
        "carol", act(TARGETS, "mark_sensitive", *TWO), in_steps=True
    ),
    "mark several targets not sensitive": Operation(
        "carol", act(TARGETS, "unmark_sensitive", "prod-admin"), in_steps=True
    ),
    "associate a group with several targets": Operation(
        "carol", act(TARGETS, "associate", *TWO, group="visitors"), in_steps=True
    ),
    "dissociate a group from several targets": Operation(
        "carol", act(TARGETS, "dissociate", *TWO, group="developers"), in_steps=True
    ),
    "set the longest session of several targets": Operation(
        "carol", act(TARGETS, "set_longest", *TWO, max_seconds="1800"), in_steps=True
    ),
    "set the owner of several targets": Operation(
        "carol", act(TARGETS, "set_owner", *TWO, owner="Platform"), in_steps=True
    ),
    "set the rank of several targets": Operation(
        "carol", act(TARGETS, "set_rank", *TWO, rank="7"), in_steps=True
    ),
    "demand a reason for several targets": Operation(
        "carol",
        act(TARGETS, "set_reason", *TWO, reason_pattern="a", reason_example="a"),
        in_steps=True,
    ),
    "open several targets to command lines": Operation(
        "carol",
        act(TARGETS, "set_command_lines", "dev-read", "prod-admin", command_lines="permit"),
        in_steps=True,
    ),
    "test an enabled target": Operation(
        "carol",
        first(
            lambda: change("dev-read", probe=None),
            send_with_code("/admin/brokers/target/dev-read/try/"),
        ),
        writes_what_aws_says=True,
    ),
    "delete several associations": Operation(
        "carol",
        act("brokers/association", "delete_chosen", "dev-read|local:developers"),
        in_steps=True,
    ),
    "change an association": Operation(
        "carol", form(f"{ASSOCIATION}/change/", "association_form", until="2040-01-01T00:00")
    ),
    "rename an AWS account": Operation(
        "carol", form("/admin/brokers/awsaccount/222222222222/change/", "awsaccount_form", name="N")
    ),
    "delete several local accounts": Operation(
        "carol", act(LOCAL, "delete_chosen", "bob", "alice"), in_steps=True
    ),
    "end one web session of a person": Operation("carol", end_one_session),
    "end the command lines of a person": Operation(
        "carol",
        first(
            add_command_line, look_and_confirm(f"/admin/{PEOPLE}/local_3Aalice/end-command-lines/")
        ),
        in_steps=True,
    ),
    "make enrolment codes": Operation(
        "carol", act(PEOPLE, "make_enrolment_codes", "local:alice"), in_steps=True
    ),
    "change the default contact": Operation(
        "carol",
        form("/admin/cooper/settings/contact/change/", "settings_form", default_contact="Platform"),
    ),
    "lift the stop of all grants": Operation(
        "carol",
        first(
            stop_all,
            form("/admin/cooper/installation/grants/change/", "installation_form", stopped="off"),
        ),
    ),
    "export the audit log": Operation(
        "carol",
        send_with_code(
            "/admin/cooper/auditevent/export/", since="2026-02-03", until="2026-02-04", format="csv"
        ),
    ),
    "take the access review": Operation("carol", send_with_code("/admin/brokers/target/review/")),
    "export the targets": Operation("carol", send_with_code("/admin/brokers/target/export/")),
    "go on with an import": Operation(
        "carol", first(cut_import_short, send_with_code(f"{IMPORT}go-on/")), in_steps=True
    ),
    "give an import up": Operation(
        "carol", first(cut_import_short, send_with_code(f"{IMPORT}give-up/"))
    ),
}
