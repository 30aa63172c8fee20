"""Credentials over HTTP: the POST that becomes a target in a shell, and the format it is shown in.

Reloading: a browser asks before it sends a POST again, and with JavaScript the page gives itself
the target's address, so that reloading leads there. No page mints by GET.
"""

import logging
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render

from accounts.preferences import preferences_of, set_credentials_format
from brokers import formats
from brokers.becoming import become, sign_in_first, without_cache
from brokers.catalogue_rows import AnyTarget
from brokers.credentials_forms import FreshForm
from brokers.grants import Delivery, IssuedGrant
from brokers.portal_links import portal_links
from brokers.request_catalogue import catalogue_of
from core import aws
from core.errors import CooperError, Invalid
from core.http import post_only, wants_json
from core.partitions import check_region
from core.requests import CooperRequest

logger = logging.getLogger(__name__)


@post_only("target")
def credentials(request: CooperRequest, name: str) -> HttpResponse:
    """Become the target with credentials: a page to copy from, or credential_process JSON."""
    result = become(request, name, Delivery.CREDENTIALS)
    if isinstance(result, HttpResponse):
        return result

    if wants_json(request):
        return without_cache(JsonResponse(formats.credential_process(result.credentials)))

    remember_format(request)
    context = _page_context(request, result)
    return without_cache(render(request, "brokers/credentials.html", context))


def _page_context(request: CooperRequest, issued: IssuedGrant) -> dict[str, Any]:
    region = region_of(issued.target)
    name = str(issued.target.name)
    return {
        "grant": issued,
        "target": issued.target,
        "region": region,
        "profile": formats.profile_name(name),
        "formats": formats.all_formats(issued.credentials, region, name),
        "values": formats.single_values(issued.credentials, region),
        "chosen": chosen_format(request, formats.LABELS),
        "fresh": _fresh_form(request, issued),
        "portal_links": portal_links(name),
    }


def _fresh_form(request: CooperRequest, issued: IssuedGrant) -> FreshForm:
    """Return the form that asks for the same once more."""
    catalogue_now = catalogue_of(request)
    row = catalogue_now.targets.get(str(issued.target.name))
    takes_code = row is None or catalogue_now.takes_code(row)
    typed = {
        "duration": request.POST.get("duration", ""),
        "reason": request.POST.get("reason", ""),
    }
    return FreshForm(initial=typed, sensitive=takes_code)


def region_of(target: AnyTarget) -> str:
    """Return the region for a target's shells: its own, or one that its partition has."""
    region = str(target.region or "")
    partition = str(target.partition)
    try:
        check_region(region, partition)
    except ValueError:
        # none, or one that an older cooper stored
        return aws.region_in(partition)
    return region


# -- the format ------------------------------------------------------------------------------------
@post_only("several")
def choose_format(request: CooperRequest) -> HttpResponse:
    """Keep in which format the person looks at credentials: 204. Nothing secret comes with it."""
    if request.identity is None:
        return sign_in_first(request, "/")

    format_id = request.POST.get("format", "")
    if format_id not in formats.LABELS:
        raise Invalid("There is no such format.", field="format")
    if preferences_of(request).credentials_format != format_id:
        set_credentials_format(request.identity.person, format_id)
    return HttpResponse(status=204)


def remember_format(request: CooperRequest) -> None:
    """Keep the format that came with a form, where it is another one than before.

    After everything else: the credentials do not wait for it, nor fail with it.
    """
    format_id = request.POST.get("format", "")
    if format_id not in formats.LABELS:
        return
    try:
        if preferences_of(request).credentials_format != format_id:
            set_credentials_format(request.identity.person, format_id)
    except CooperError as error:
        logger.warning("the format could not be kept: %s", error.detail)


def chosen_format(request: CooperRequest, choices: dict[str, str]) -> str:
    """Return the format to begin with: the form's, the last one, or what suits the browser."""
    system_shell = "powershell" if "Windows" in request.headers.get("User-Agent", "") else "bash"
    candidates = [
        request.POST.get("format", ""),
        preferences_of(request).credentials_format,
        system_shell,
    ]
    for format_id in candidates:
        if format_id in choices:
            return format_id
    return next(iter(choices))
