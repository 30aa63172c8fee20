"""What several targets have in common, as the apps above know it: an AWS account, or a label.

Events name their target. Whoever searches the audit log for an AWS account means its targets.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from django.http import HttpRequest


@dataclass(frozen=True)
class Scope:
    """Targets that a search is about, and by what."""

    title: str
    """Such as "AWS account 123456789012 (production)"."""

    targets: tuple[str, ...]
    aws_account: str = ""
    """The AWS account that it is, if it is one: events say it, those of deleted targets too."""


class ScopeSource(NamedTuple):
    """Two questions that the app with the targets answers; both raise CooperError."""

    scopes_called: Callable[[HttpRequest, str], list[Scope]]
    """What is called like this: a number or a name of an AWS account, or a label."""

    deleted_targets: Callable[[HttpRequest], frozenset[str]]
    """The names of the targets that do not exist any more."""


_sources: list[ScopeSource] = []


def register(source: ScopeSource) -> None:
    """Let an app be asked; called once for each, when Django is ready."""
    _sources.append(source)


def scopes_called(request: HttpRequest, text: str) -> list[Scope]:
    """Return what the text names beside a person, a target or a request."""
    scopes: list[Scope] = []
    for source in _sources:
        scopes += source.scopes_called(request, text)
    return scopes


def deleted_targets(request: HttpRequest) -> frozenset[str]:
    """Return the names of the targets that do not exist any more."""
    names: frozenset[str] = frozenset()
    for source in _sources:
        names |= source.deleted_targets(request)
    return names
