"""AWS access over HTTP: a target's page, and the POST that opens the console."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from accounts import stepup
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
from brokers.last_choices import last_choices
from core.http import post_only
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
    initial: dict[str, Any] = dict(last_choices(request, card.target))
    initial |= typed.dict() or typed_before_set_up(request, name)

    # without a device there is no code to type: the form leads to set one up first
    needs_device = card.takes_code and not stepup.has_device(request)
    asks_code = card.takes_code and not needs_device
    form = BecomeForm(
        initial=initial,
        target=card.target,
        longest=card.longest_seconds,
        sensitive=asks_code,
    )
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
