"""AWS accounts and labels by which the audit log is searched, out of the catalogue."""

import re

from django.http import HttpRequest

from brokers import catalogue
from brokers.catalogue_state import Catalogue
from brokers.models import State
from brokers.request_catalogue import catalogue_of
from core.admin.audit_scopes import Scope

ACCOUNT_ID = re.compile(r"[0-9]{12}")


def scopes_called(request: HttpRequest, text: str) -> list[Scope]:
    """Return the AWS accounts and the labels that are called like this, with their targets.

    An AWS account by its number, with or without dashes, or its name; a label by all of it
    (`env=prod`), or what is behind its `=`. Nothing depends on case.
    """
    content = catalogue_of(request)
    scopes = [_account_scope(content, number) for number in _account_numbers(content, text)]
    return scopes + [_label_scope(content, label) for label in _labels(content, text)]


def deleted_targets(request: HttpRequest) -> frozenset[str]:
    """Return the names that stay reserved."""
    targets = catalogue_of(request).targets.values()
    return frozenset(str(target.name) for target in targets if target.state == State.DELETED)


def _account_numbers(content: Catalogue, text: str) -> list[str]:
    digits = re.sub(r"[\s-]", "", text)
    if ACCOUNT_ID.fullmatch(digits):
        return [digits]

    name = text.casefold()
    return sorted(
        number
        for number, account in content.accounts.items()
        if account.name and str(account.name).casefold() == name
    )


def _account_scope(content: Catalogue, number: str) -> Scope:
    title = f"AWS account {number}"
    account = content.accounts.get(number)
    if account and account.name:
        title = f"{title} ({account.name})"

    targets = catalogue.not_deleted(content.targets.values())
    names = [str(target.name) for target in targets if target.aws_account == number]
    return Scope(title, tuple(sorted(names)), aws_account=number)


def _labels(content: Catalogue, text: str) -> list[str]:
    """Return the labels that the text names."""
    labels: set[str] = set()
    for target in content.targets.values():
        labels.update(target.labels)

    folded = text.casefold()
    return sorted(label for label in labels if folded in _names_of_label(label))


def _names_of_label(label: str) -> tuple[str, str]:
    folded = label.casefold()
    return folded, folded.partition("=")[2]


def _label_scope(content: Catalogue, label: str) -> Scope:
    targets = catalogue.not_deleted(content.targets.values())
    names = [str(target.name) for target in targets if label in target.labels]
    return Scope(f"label {label}", tuple(sorted(names)))
