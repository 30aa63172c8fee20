"""The page on which a person sets their command line up, and what it gives them."""

import hashlib
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from accounts import command_lines
from accounts.providers import provider_for
from brokers.becoming import sign_in_first
from brokers.catalogue_rows import CatalogueTarget
from brokers.catalogue_state import Catalogue
from brokers.contacts import default_contact
from brokers.credentials_views import region_of
from brokers.entitlements import entitlements_of
from brokers.request_catalogue import catalogue_of
from core.requests import CooperRequest
from sso_portal import aws_config, device_codes, offers
from sso_portal.permitting import public_url
from sso_portal.start_views import LABEL

PROFILE_SCRIPT = Path(__file__).with_name("profile_script.py").read_bytes()
"""What keeps the profiles up to date on people's computers, as it is served."""

SHA_256 = hashlib.sha256(PROFILE_SCRIPT).hexdigest()


@dataclass
class Choice:
    """The targets of an AWS account, to tick."""

    account_id: str
    account_name: str
    targets: list[CatalogueTarget] = field(default_factory=list)


@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: CooperRequest) -> HttpResponse:
    """Show the part of `~/.aws/config` for all of the person's targets, or for those ticked.

    A POST changes nothing: the names of hundreds of targets are too long for an address.
    """
    if request.identity is None:
        return sign_in_first(request, request.get_full_path())

    catalogue = catalogue_of(request)
    targets = [
        target for target in offers.open_targets(request.identity, catalogue) if target.role_name
    ]
    query = request.POST or request.GET
    ticked = set(query.getlist("target")) & {target.name for target in targets}
    chosen = [target for target in targets if not ticked or target.name in ticked]
    portal = portal_of(request)
    block = aws_config.config_block(portal, profiles_of(chosen))
    if "download" in query:
        return _download(block)

    words = query.get("q", "")[:200]
    context = {
        "targets": targets,
        "chosen": chosen,
        "ticked": ticked,
        "with_permit": {target.name for target in targets if catalogue.takes_permit(target)},
        "choices": _choices(targets, catalogue),
        "words": words,
        "filtered_out": _filtered_out(targets, catalogue, words),
        "config": block,
        "portal": portal,
        "sha_256": SHA_256,
        "may_allow_by_code": device_codes.is_for(request.identity),
        "command_lines": command_lines.active_of(request.user.stored_person, time.time()),
    }
    if chosen:
        context["example"] = aws_config.profile_name(str(chosen[0].name))
    else:
        context |= _for_nobody(request, catalogue)
    return render(request, "sso_portal/set_up.html", context)


def _choices(targets: Iterable[CatalogueTarget], catalogue: Catalogue) -> list[Choice]:
    """Return the targets by AWS account, in the order of their names."""
    choices: dict[str, Choice] = {}
    for target in targets:
        account_id = str(target.aws_account)
        account = catalogue.accounts.get(account_id)
        name = str(account.name) if account and account.name else account_id
        choices.setdefault(account_id, Choice(account_id, name)).targets.append(target)
    return sorted(choices.values(), key=lambda choice: choice.account_name.casefold())


def _filtered_out(
    targets: Iterable[CatalogueTarget], catalogue: Catalogue, words: str
) -> frozenset[str]:
    """Return the targets that do not have all of the words."""
    parts = words.casefold().split()
    out = set()
    for target in targets:
        account = catalogue.accounts.get(str(target.aws_account))
        text = f"{target} {target.name} {target.aws_account} {account or ''}".casefold()
        if not all(part in text for part in parts):
            out.add(str(target.name))
    return frozenset(out)


def _for_nobody(request: CooperRequest, catalogue: Catalogue) -> dict[str, Any]:
    """Return what tells somebody without a target for command lines how to get on."""
    associations = catalogue.associations_for(request.identity.groups)
    has_any = bool(entitlements_of(request.identity, associations, datetime.now(UTC)))
    return {
        "has_any": has_any,
        "identity": request.identity,
        "contact": default_contact(request),
        "provider": provider_for(request.identity.provider),
    }


@require_safe
def profile_script(request: CooperRequest) -> HttpResponse:
    """Return the script that keeps the profiles up to date: the same bytes for everybody."""
    return HttpResponse(PROFILE_SCRIPT, content_type="text/plain; charset=utf-8")


def portal_of(request: CooperRequest) -> aws_config.Portal:
    """Return where this cooper is, by its public address."""
    # a host has no case, but a session's name has
    url = public_url(request).lower()
    # without https the CLI takes no start URL of ours: it is given where that would have led
    start_url = f"{url}/start" if url.startswith("https://") else LABEL
    return aws_config.Portal(url, start_url)


def profiles_of(targets: Iterable[CatalogueTarget]) -> list[aws_config.Profile]:
    """Return a profile for each target that tools can name."""
    return [
        aws_config.Profile(
            target.name, str(target.aws_account), str(target.role_name), region_of(target)
        )
        for target in targets
        if target.role_name
    ]


def _download(block: str) -> HttpResponse:
    response = HttpResponse(block, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="aws-config"'
    return response
