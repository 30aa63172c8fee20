"""AWS access over HTTP: a target's page, and the two POSTs that become it."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import stepup
from brokers import formats
from brokers.becoming import (
    become,
    card_for,
    sign_in_first,
    target_page,
    typed_before_set_up,
    without_cache,
)
from brokers.forms import BecomeForm
from brokers.grants import Delivery
from brokers.models import Target
from core import aws
from core.http import post_only, wants_json
from core.partitions import check_region
from core.requests import CooperRequest


# -- pages -----------------------------------------------------------------------------------------
@require_safe
def target(request: CooperRequest, name: str) -> HttpResponse:
    """Show a target: why you may become it, for how long, and the two buttons."""
    if request.identity is None:
        return sign_in_first(request, request.get_full_path())

    card = card_for(request, request.identity, name)
    typed = request.kept_forms.form_of(request.path)
    request.is_brought_back = bool(typed)
    initial = typed.dict() or typed_before_set_up(request, name)

    # without a device there is no code to type: the form leads to set one up first
    needs_device = card.takes_code and not stepup.has_device(request)
    asks_code = card.takes_code and not needs_device
    form = BecomeForm(initial=initial, longest=card.longest_seconds, sensitive=asks_code)
    return target_page(request, card, form, needs_device=needs_device)


# -- becoming --------------------------------------------------------------------------------------
@post_only("target")
def console(request: CooperRequest, name: str) -> HttpResponse:
    """Become the target in the console: 303 to the sign-in URL, which is in no log and no cache."""
    result = become(request, name, Delivery.CONSOLE)
    if isinstance(result, HttpResponse):
        return result

    if result.note:
        # AWS's page comes next; cooper's next one says it
        messages.warning(request, f"{result.target}: {result.note}")
    response = HttpResponseRedirect(result.console_url)
    response.status_code = 303
    response["Referrer-Policy"] = "no-referrer"
    return without_cache(response)


@post_only("target")
def credentials(request: CooperRequest, name: str) -> HttpResponse:
    """Become the target with credentials: a page to copy from, or credential_process JSON."""
    result = become(request, name, Delivery.CREDENTIALS)
    if isinstance(result, HttpResponse):
        return result

    if wants_json(request):
        return without_cache(JsonResponse(formats.credential_process(result.credentials)))

    region = _region_of(result.target)
    context = {
        "grant": result,
        "target": result.target,
        "formats": formats.all_formats(result.credentials, region, str(result.target.name)),
    }
    return without_cache(render(request, "brokers/credentials.html", context))


def _region_of(target: Target) -> str:
    """Return the region for a target's shells: its own, or one that its partition has."""
    region = str(target.region or "")
    partition = str(target.partition)
    try:
        check_region(region, partition)
    except ValueError:
        # none, or one that an older cooper stored
        return aws.region_in(partition)
    return region
