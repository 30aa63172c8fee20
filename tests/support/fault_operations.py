"""Every way out of a credential and every write of an administrator, each as its last POST.

An operation is recorded once: what leads up to its last POST is done, and that POST is kept, to be
sent again and again from the same state, each time with another fault of AWS.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from brokers.models import State, Target
from demo.seed import READ_S3, SPARE_ROLE
from embedded_aws import seed_aws
from tests.support.codes import give_device, next_code
from tests.support.enrolment import begin, seed_in, shown_now
from tests.support.federation_keys import encrypted
from tests.support.forms import confirmed, fields_of, submit

JSON = {"HTTP_ACCEPT": "application/json"}
PASSWORD = "cooper-demo"
SPARE_ROLE_ARN = f"arn:aws:iam::444444444444:role/{SPARE_ROLE}"
IMPORT = "/admin/brokers/target/import/"
FILE = b"""cooper: 1
associations:
  dev-read:
    local:visitors:
  staging-read:
    local:visitors:
"""

Flow = Callable[[Client], Any]
"""What somebody does in a browser; its last POST is the operation."""


@dataclass(frozen=True)
class Operation:
    """An operation of a person of the cast."""

    person: str
    flow: Flow
    is_grant: bool = False

    in_steps: bool = False
    """Whether it consists of several transactions, each of which may be the last one."""

    cold: bool = False
    """Whether the worker has no catalogue in memory yet."""


def become(target: str, delivery: str, **headers: str) -> Flow:
    """Return the flow that becomes a target."""

    def flow(browser: Client) -> Any:
        address = f"/targets/{target}/{delivery}/"
        return browser.post(address, {"duration": "900"}, **headers)

    return flow


def become_with_code(target: str, delivery: str, **headers: str) -> Flow:
    """Return the flow that becomes a sensitive target with a code."""

    def flow(browser: Client) -> Any:
        give_device(browser.username)
        typed = {"duration": "900", "code": next_code(browser.username)}
        return browser.post(f"/targets/{target}/{delivery}/", typed, **headers)

    return flow


def form(address: str, form_id: str, **typed: str | None) -> Flow:
    """Return the flow that fills a form of the admin in and sends it with a code."""
    return lambda browser: submit(browser, address, form_id, **typed)


def delete(address: str) -> Flow:
    """Return the flow that confirms a deletion with a code."""
    return lambda browser: confirmed(browser, address)


def act(model: str, action: str, *chosen: str, **typed: str) -> Flow:
    """Return the flow that confirms a bulk action with a code."""
    fields = {"action": action, "_selected_action": list(chosen), "told": "1", **typed}
    return lambda browser: confirmed(browser, f"/admin/{model}/", **fields, confirmed="yes")


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


def import_file(browser: Client) -> Any:
    """Choose a file, look at its plan, and confirm it with a code."""
    page = browser.post(IMPORT, {"file": SimpleUploadedFile("targets.yaml", FILE)})
    confirmation = fields_of(page.text, "confirm_form") | {"code": next_code(browser.username)}
    return browser.post(f"{IMPORT}confirm/", confirmation)


def reset_device(browser: Client) -> Any:
    """Reset somebody's device."""
    give_device("alice")
    return act("accounts/person", "reset_devices", "local:alice")(browser)


def enrol(browser: Client) -> Any:
    """Set a first device up."""
    page = begin(browser)
    return browser.post("/device/set-up/", {"code": shown_now(seed_in(page))})


TARGETS, LOCAL, PEOPLE = "brokers/target", "accounts/localaccount", "accounts/person"

GRANTS = {
    "role in the console": Operation("alice", become("dev-read", "console"), is_grant=True),
    "role with credentials": Operation("alice", become("dev-read", "credentials"), is_grant=True),
    "role for credential_process": Operation(
        "alice", become("dev-read", "credentials", **JSON), is_grant=True
    ),
    "role, in a new worker": Operation(
        "alice", become("dev-read", "credentials"), is_grant=True, cold=True
    ),
    "federated user in the console": Operation(
        "alice", become("dev-uploads", "console"), is_grant=True
    ),
    "federated user with credentials": Operation(
        "alice", become("dev-uploads", "credentials"), is_grant=True
    ),
    "federated user for credential_process": Operation(
        "alice", become("dev-uploads", "credentials", **JSON), is_grant=True
    ),
    "sensitive role in the console": Operation(
        "alice", become_with_code("prod-admin", "console"), is_grant=True
    ),
    "sensitive role for credential_process": Operation(
        "alice", become_with_code("prod-admin", "credentials", **JSON), is_grant=True
    ),
}
WRITES = {
    "add a role": Operation(
        "carol",
        form(
            f"/admin/{TARGETS}/add/?kind=role",
            "target_form",
            name="support-read",
            role_arn=SPARE_ROLE_ARN,
            max_seconds="3600",
        ),
    ),
    "add a federated user": Operation("carol", add_federated_user),
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
    "enable a target by a probe": Operation("carol", enable_by_probe),
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
    "import a file": Operation("carol", import_file, in_steps=True),
    "set a first device up": Operation("dan", enrol),
}
OPERATIONS = GRANTS | WRITES
