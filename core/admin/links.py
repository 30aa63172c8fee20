"""Links to people, targets, groups, AWS accounts and requests, wherever the admin names them."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.utils import quote
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

from core.admin.sites import ADMINISTER
from core.audit import AuditEvent
from core.event_words import other_actor


class Thing(StrEnum):
    """A kind of thing that has a page, or a list, of its own."""

    PERSON = "person"
    TARGET = "target"
    GROUP = "group"
    AWS_ACCOUNT = "aws_account"
    REQUEST = "request_id"


PAGES = {
    Thing.PERSON: "accounts_person",
    Thing.TARGET: "brokers_target",
    Thing.AWS_ACCOUNT: "brokers_awsaccount",
}
"""The names of the things' pages, without their last part."""

SEARCHES = {
    Thing.GROUP: ("brokers_association_changelist", "group"),
    Thing.REQUEST: ("cooper_auditevent_changelist", "request"),
}
"""Lists that show a thing, and the parameter that says which."""

FACTS = {
    "person": Thing.PERSON,
    "target": Thing.TARGET,
    "group": Thing.GROUP,
    "groups": Thing.GROUP,
    "through": Thing.GROUP,
    "self_entitled": Thing.GROUP,
    "aws_account": Thing.AWS_ACCOUNT,
    "request": Thing.REQUEST,
}
"""Names of an event's facts that name a thing, or a list of them."""


@dataclass(frozen=True)
class Links:
    """Makes links for one reader: whoever may only read the audit log is led to histories."""

    administers: bool

    @classmethod
    def for_reader(cls, request: HttpRequest) -> "Links":
        return cls(request.user.has_perm(ADMINISTER))

    def to(self, thing: Thing, name: Any) -> SafeString:
        """Return the name as a link to its page; as text where the reader may open none."""
        text = str(name or "")
        address = self.address(thing, text) if text else ""
        if not address:
            return conditional_escape(text or "-")
        return format_html('<a href="{}">{}</a>', address, text)

    def to_all(self, thing: Thing, names: Iterable[Any]) -> SafeString:
        """Return several names as links, with commas."""
        return format_html_join(", ", "{}", ((self.to(thing, name),) for name in names))

    def address(self, thing: Thing, name: str) -> str:
        """Return where a thing is shown; "" where this reader may not go, or nothing is."""
        if thing == Thing.PERSON and ":" not in name:
            # a command, such as `cooper -setup`
            return ""

        if thing in PAGES:
            page = "change" if self.administers else "history"
            return _address(f"{PAGES[thing]}_{page}", quote(name))

        list_name, parameter = SEARCHES[thing]
        if thing == Thing.GROUP and not self.administers:
            return ""
        return f"{_address(list_name)}?{urlencode({parameter: name})}"

    def fact(self, name: str, value: Any, words: str) -> SafeString:
        """Return a fact of an event: links where it names things, else its words."""
        thing = FACTS.get(name.replace(" ", "_"))
        if not thing:
            return conditional_escape(words)
        if isinstance(value, list):
            return self.to_all(thing, value)
        return self.to(thing, value)

    def about(self, event: AuditEvent) -> SafeString:
        """Return what an event was about: a person, a target, an AWS account, or another object."""
        document = str(event.facts.get("object") or "")
        if event.target and document in ("", event.target):
            return self.to(thing_called(str(event.target)), event.target)
        if document and document != event.aws_account:
            return conditional_escape(document)
        if event.person and not event.aws_account and other_actor(event.facts):
            return self.to(Thing.PERSON, event.person)
        return self.to(Thing.AWS_ACCOUNT, event.aws_account or "")


def thing_called(name: str) -> Thing:
    """Return what an event's `target` names: a person, who has a provider, or a target."""
    return Thing.PERSON if ":" in name else Thing.TARGET


def _address(name: str, *arguments: str) -> str:
    try:
        return reverse(f"admin:{name}", args=arguments)
    except NoReverseMatch:
        return ""
