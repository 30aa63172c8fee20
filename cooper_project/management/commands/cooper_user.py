"""`cooper -user`: people from the host: local accounts, so that the first administrator exists.

People of other providers can be disabled and enabled, and let in in spite of their name.
"""

import sys
from getpass import getpass
from typing import Any

from django.core.management.base import CommandParser

from accounts import local_accounts, people, person_names
from accounts.administrators import admin_groups
from accounts.identity import Group
from accounts.models import LocalAccount, Person
from brokers.grants.events import GrantScope
from cooper_project.management import operators
from cooper_project.management.base import CooperCommand, UsageError
from cooper_project.management.grants_awaited import grants_awaited
from core.errors import Invalid
from core.groups import LOCAL_PROVIDER, split_groups


class Command(CooperCommand):
    """Disables, enables and lists people; adds local accounts, sets their password and groups."""

    help = (
        "People: disable, enable, list, allow-name. Local accounts: add, password, groups. "
        "A bare name is a local account; people of other providers are PROVIDER:NAME. "
        "A password is asked for or read from stdin, never on the command line."
    )
    example = (
        'cooper -user add alice --groups admins,developers --name "Alice Archer"\n'
        "cooper -user password alice --password-stdin < file\n"
        "cooper -user groups alice developers\n"
        "cooper -user disable okta:bob@example.com\n"
        "cooper -user list"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

        add = verbs.add_parser("add", help="add a local account")
        add.add_argument("username")
        add.add_argument("--groups", default="", help="names of local groups, separated by commas")
        add.add_argument("--name", default="", help="the full name, for people")
        self._add_password_option(add)

        password = verbs.add_parser(
            "password", help="set the password; ends the account's web sessions"
        )
        password.add_argument("username")
        self._add_password_option(password)

        groups = verbs.add_parser("groups", help="replace the account's groups")
        groups.add_argument("username")
        groups.add_argument("groups", help='names separated by commas, "" for none')

        disable = verbs.add_parser(
            "disable", help="let the person not sign in any more; ends their web sessions"
        )
        disable.add_argument("person")
        enable = verbs.add_parser("enable", help="let the person sign in again")
        enable.add_argument("person")
        allow_name = verbs.add_parser(
            "allow-name",
            help="let somebody in whose name is another person's but for capital letters "
            "or letter forms",
        )
        allow_name.add_argument("person")
        verbs.add_parser("list", help="show all, and whose names differ in case or form alone")

        self.add_region_to(verbs)

    def _add_password_option(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help="read the password's line from stdin even at a terminal",
        )

    def run_command(self, **options: Any) -> None:
        if options["verb"] == "list":
            self._list()
            return

        with operators.acting():
            if "person" in options:
                self._change_person(options["verb"], options["person"])
            else:
                self._change_account(options)

    def _change_person(self, verb: str, text: str) -> None:
        provider_id, subject = people.split_person(text)
        match verb:
            case "disable":
                self._disable(provider_id, subject)
            case "enable":
                self._enable(provider_id, subject)
            case "allow-name":
                self._allow_name(provider_id, subject)

    def _change_account(self, options: dict[str, Any]) -> None:
        username = _parse_username(options["username"])
        match options["verb"]:
            case "add":
                self._add(username, options)
            case "password":
                self._set_password(username, options)
            case "groups":
                self._set_groups(username, options["groups"])

    def _list(self) -> None:
        accounts = sorted(LocalAccount.everything(), key=lambda account: str(account.username))
        for account in accounts:
            self.say(_line(account))
        if not accounts:
            self.say("There are no local accounts. Add one: cooper -user add NAME --groups admins")

        for person in people.of_other_providers():
            self.say(_person_line(person))
        for look_alikes in person_names.look_alikes():
            self.warn(
                f"These names differ in case or form alone: {', '.join(look_alikes)}. "
                "If they are one person, disable all but one."
            )

    def _add(self, username: str, options: dict[str, Any]) -> None:
        groups = _parse_groups(options["groups"])
        password = self._read_password(options)
        account = local_accounts.add(username, options["name"].strip(), groups, password)
        self.say(f"Added {_line(account)}")

    def _set_password(self, username: str, options: dict[str, Any]) -> None:
        # an unknown account is refused before a password is asked for
        local_accounts.get_account(username)
        password = self._read_password(options)
        with grants_awaited(self, _grants_of(LOCAL_PROVIDER, username)):
            local_accounts.set_password(username, password)
        self.say(f"{username} has a new password; its web sessions end now.")

    def _set_groups(self, username: str, text: str) -> None:
        groups = _parse_groups(text)
        with grants_awaited(self, _grants_of(LOCAL_PROVIDER, username)):
            local_accounts.set_groups(username, groups)
        self.say(_line(local_accounts.get_account(username)))

    def _disable(self, provider_id: str, subject: str) -> None:
        with grants_awaited(self, _grants_of(provider_id, subject)):
            people.disable(provider_id, subject)
        self.say(
            f"Disabled {_shown(provider_id, subject)}: their web sessions end now. "
            "Their AWS sessions run until they expire."
        )

    def _enable(self, provider_id: str, subject: str) -> None:
        people.enable(provider_id, subject)
        self.say(f"Enabled {_shown(provider_id, subject)}.")

    def _allow_name(self, provider_id: str, subject: str) -> None:
        others = person_names.allow(provider_id, subject)
        self.say(
            f"{provider_id}:{subject} may sign in, as a person beside {', '.join(others)}. "
            "If they are one person, disable the other: its device for one-time codes "
            "and its history stay with it."
        )

    def _read_password(self, options: dict[str, Any]) -> str:
        """Return the password from stdin, or asked for twice; raise UsageError without one."""
        if options["password_stdin"] or not sys.stdin.isatty():
            line = sys.stdin.readline().rstrip("\r\n")
            if not line:
                raise UsageError("There was no password on stdin, and no terminal to ask for one.")
            return line

        password = getpass("Password: ")
        if getpass("The same again: ") != password:
            raise UsageError("The two passwords differ. Nothing was changed.")
        return password


def _parse_username(text: str) -> str:
    """Return a local account's name, which may be written `local:name`; raise Invalid."""
    provider_id, subject = people.split_person(text)
    if provider_id != LOCAL_PROVIDER:
        raise Invalid(
            f"{text} is not a local account: its password and groups are those at {provider_id}."
        )
    return subject


def _parse_groups(text: str) -> list[str]:
    """Return the names of groups between commas; raise Invalid."""
    return local_accounts.parse_group_names(split_groups(text))


def _grants_of(provider_id: str, subject: str) -> GrantScope:
    return GrantScope.of_people([f"{provider_id}:{subject}"])


def _shown(provider_id: str, subject: str) -> str:
    """Return a person as they are written: a local account by its bare name."""
    if provider_id == LOCAL_PROVIDER:
        return subject
    return f"{provider_id}:{subject}"


def _line(account: LocalAccount) -> str:
    """Return an account in one line: `alice (Alice Archer): admins, developers [administrator]`."""
    groups = {Group("local", name) for name in account.groups}
    is_admin = bool(groups & admin_groups())
    shown_groups = local_accounts.shown_groups(account)
    return _holder_line(str(account.username), account, shown_groups, is_admin=is_admin)


def _person_line(person: Person) -> str:
    """Return somebody of another provider in one line: `okta:bob (Bob): okta:staff [disabled]`."""
    is_admin = person.identity().is_admin(admin_groups())
    return _holder_line(str(person.person), person, sorted(person.groups), is_admin=is_admin)


def _holder_line(
    key: str, holder: LocalAccount | Person, groups: list[str], *, is_admin: bool
) -> str:
    notes = []
    if holder.disabled:
        notes.append("disabled")
    if is_admin:
        notes.append("administrator")

    line = key
    if holder.name:
        line += f" ({holder.name})"
    line += f": {', '.join(groups) or 'no groups'}"
    if notes:
        line += f" [{', '.join(notes)}]"
    return line
