"""Where each operation of the sweep is sent to, and why the other addresses have none.

An address of the admin's lists stands with the action that is chosen there.
"""

import re

from django.urls import resolve

from tests.support.fault_recording import Recording

TARGETS, ASSOCIATIONS = "/admin/brokers/target/", "/admin/brokers/association/"
ACCOUNTS, AWS_ACCOUNTS = "/admin/accounts/localaccount/", "/admin/brokers/awsaccount/"
PEOPLE, COOPER = "/admin/accounts/person/", "/admin/cooper/"
ONE = "<path:object_id>/"

PLACES: dict[str, tuple[str, ...]] = {
    # grants
    "/targets/<target:name>/console/": (
        "role in the console",
        "federated user in the console",
        "sensitive role in the console",
        "role in the console, at a service",
    ),
    "/targets/<target:name>/credentials/": (
        "role with credentials",
        "role for credential_process",
        "role, in a new worker",
        "federated user with credentials",
        "federated user for credential_process",
        "sensitive role for credential_process",
    ),
    "/credentials/": ("several targets on a page", "several targets for a tool"),
    "/sso/federation/credentials": (
        "role by a command line",
        "sensitive role by a permit",
        "ask for a permit",
    ),
    "/api/v1/targets/<target:name>/credentials": ("role by the API",),
    # what people do for themselves
    "/login/": ("sign in",),
    "/saml2/acs/": ("sign in by SAML",),
    "/logout/": ("sign out",),
    "/me/password/": ("change one's password",),
    "/device/begin/": ("begin another device",),
    "/device/set-up/": ("set a first device up", "replace one's device"),
    "/device/recover/": ("use a recovery code",),
    "/device/clock/": ("adjust a device's clock",),
    "/device/remove/": ("remove one's device",),
    "/device/close/": ("ask for codes again",),
    "/administrators/seen/": ("acknowledge new administrators",),
    "/announcements/seen/": ("put an announcement away",),
    "/star/": ("star a target",),
    "/fold/": ("fold an AWS account",),
    "/credentials/format/": ("choose a format",),
    "/me/preferences/": ("set preferences",),
    "/me/end-session/": ("end another web session",),
    "/me/end-others/": ("end all other web sessions",),
    # command lines and programs
    "/authorize": ("allow a command line",),
    "/code/decide/": ("allow by a device code",),
    "/permit/<slug:permit_id>/": ("give a permit",),
    "/command-line/end/": ("end a command line",),
    "/command-line/end-all/": ("end all command lines",),
    "/sso-oidc/client/register": ("register a command line",),
    "/sso-oidc/device_authorization": ("ask for a device code",),
    "/sso-oidc/token": ("exchange a code for tokens", "refresh tokens", "poll for tokens"),
    "/sso/logout": ("sign a command line out",),
    "/api/v1/people/<path:person>/disable": ("disable by a service token",),
    # the administration
    f"{TARGETS}add/": ("add a role", "add a federated user"),
    f"{TARGETS}{ONE}change/": ("change a target", "entitle a group"),
    f"{TARGETS}{ONE}delete/": ("delete a target",),
    f"{TARGETS}{ONE}try/": ("enable a target by a probe", "test an enabled target"),
    f"{TARGETS}import/": ("choose a file to import",),
    f"{TARGETS}import/confirm/": ("import a file",),
    f"{TARGETS}import/go-on/": ("go on with an import",),
    f"{TARGETS}import/give-up/": ("give an import up",),
    f"{TARGETS}export/": ("export the targets",),
    f"{TARGETS}review/": ("take the access review",),
    f"{TARGETS} enable": ("enable several targets",),
    f"{TARGETS} disable": ("disable several targets",),
    f"{TARGETS} delete_chosen": ("delete several targets",),
    f"{TARGETS} mark_sensitive": ("mark several targets sensitive",),
    f"{TARGETS} unmark_sensitive": ("mark several targets not sensitive",),
    f"{TARGETS} associate": ("associate a group with several targets",),
    f"{TARGETS} dissociate": ("dissociate a group from several targets",),
    f"{TARGETS} set_longest": ("set the longest session of several targets",),
    f"{TARGETS} set_owner": ("set the owner of several targets",),
    f"{TARGETS} set_rank": ("set the rank of several targets",),
    f"{TARGETS} set_reason": ("demand a reason for several targets",),
    f"{TARGETS} set_command_lines": ("open several targets to command lines",),
    f"{ASSOCIATIONS}add/": ("add an association",),
    f"{ASSOCIATIONS}{ONE}change/": ("change an association",),
    f"{ASSOCIATIONS}{ONE}delete/": ("delete an association",),
    f"{ASSOCIATIONS} delete_chosen": ("delete several associations",),
    f"{AWS_ACCOUNTS}{ONE}change/": ("stop an AWS account", "rename an AWS account"),
    f"{ACCOUNTS}add/": ("add a local account",),
    f"{ACCOUNTS}{ONE}change/": ("change a local account",),
    f"{ACCOUNTS}{ONE}delete/": ("delete a local account",),
    f"{ACCOUNTS} delete_chosen": ("delete several local accounts",),
    f"{PEOPLE}{ONE}change/": ("disable a person",),
    f"{PEOPLE}{ONE}end/": ("end one web session of a person",),
    f"{PEOPLE}{ONE}end-command-lines/": ("end the command lines of a person",),
    f"{PEOPLE} end_web_sessions": ("end web sessions",),
    f"{PEOPLE} reset_devices": ("reset a device",),
    f"{PEOPLE} make_enrolment_codes": ("make enrolment codes",),
    f"{COOPER}installation/{ONE}change/": ("stop all grants", "lift the stop of all grants"),
    f"{COOPER}settings/{ONE}change/": ("change the default contact",),
    f"{COOPER}auditevent/export/": ("export the audit log",),
}
"""The operations by their addresses."""

PLACE_OF = {name: place for place, names in PLACES.items() for name in names}

SHOWS = "it shows what there is"
LEADS = "it leads to another page"
THE_SAME = "the same view answers at another address"

WRITES_NOTHING: dict[str, str] = {
    "/login/<slug:provider_id>/": "it leads to an identity provider; the browser keeps a cookie",
    "/saml2/ls/": "it refuses what other sites send",
    "/command-line/": "its POST carries many names, and changes nothing",
    "/code/": "its POST shows who waits for the code that was typed",
    "/sso-oidc/authorize": THE_SAME,
    "/sso/assignment/accounts": SHOWS,
    "/sso/assignment/roles": SHOWS,
    "/admin/": SHOWS,
    "/admin/login/": LEADS,
    "/admin/jsi18n/": SHOWS,
    "/admin/<app_label>/": SHOWS,
    "/admin/<url>": "there is nothing",
    f"{TARGETS}explain/": SHOWS,
    f"{TARGETS}groups/": SHOWS,
}
"""Addresses that take a POST, and why none of the operations is sent to them."""

WRITES_NOTHING_OF_A_MODEL = {
    "": "a list writes by its actions alone",
    f"{ONE}history/": SHOWS,
    ONE: LEADS,
}
"""The same of every model of the admin, by what comes after its own address."""

FORBIDDEN = {
    f"{PEOPLE}add/",
    f"{PEOPLE}{ONE}delete/",
    f"{AWS_ACCOUNTS}add/",
    f"{AWS_ACCOUNTS}{ONE}delete/",
    *(
        f"/admin/{model}/{page}"
        for model in ("accounts/samlidp", "cooper/auditevent")
        for page in ("add/", f"{ONE}change/", f"{ONE}delete/")
    ),
    *(
        f"/admin/cooper/{model}/{page}"
        for model in ("installation", "settings")
        for page in ("add/", f"{ONE}delete/")
    ),
}
"""What Django's admin has an address for, and nobody may do."""


def place_of(recording: Recording) -> str:
    """Return where the operation is sent, as `PLACES` has it."""
    path = recording.arguments[0].split("?")[0]
    place = f"/{resolve(path).route}"
    action = recording.fields.get("action", "")
    return f"{place} {action}" if action else place


def is_without_reason(address: str) -> bool:
    """Return whether an address has neither an operation nor a reason to have none."""
    model = re.match(r"/admin/\w+/\w+/", address)
    if model and address[model.end() :] in WRITES_NOTHING_OF_A_MODEL:
        return False
    return address not in (PLACES.keys() | WRITES_NOTHING.keys() | FORBIDDEN)
