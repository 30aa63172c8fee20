"""Acknowledging new administrators: it silences a warning, so it takes a one-time code."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.views.decorators.http import require_http_methods

from accounts import administrators, stepup
from accounts.models import Person
from core.errors import Invalid, StepUpRequired
from core.http import login_redirect
from core.requests import CooperRequest


class AcknowledgeForm(forms.Form):
    """A code, and up to which event the page has shown new administrators."""

    code = stepup.field()
    until = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput)


@require_http_methods(["GET", "HEAD", "POST"])
def administrators_seen(request: CooperRequest) -> HttpResponse:
    """Show the new administrators; POST notes, with a code, that this one has seen them."""
    if request.identity is None:
        return login_redirect(resolve_url("administrators-seen"))
    if not request.user.is_admin:
        raise PermissionDenied
    if not stepup.has_device(request):
        messages.info(request, "This takes a one-time code. Set up your device first.")
        return HttpResponseRedirect(stepup.enrol_address(request))

    if request.method == "POST":
        return _acknowledge(request, request.user.stored_person)
    return _page(request, request.user.stored_person)


def _acknowledge(request: CooperRequest, person: Person) -> HttpResponse:
    form = AcknowledgeForm(request.POST)
    until = str(form.data.get("until", ""))
    if not form.is_valid() or not administrators.has_unacknowledged(person, until):
        # whatever was shown, no code is used up for it
        messages.warning(request, "Others are new meanwhile, or there are none. Look again.")
        return redirect("admin:index")

    try:
        stepup.require(request, form.cleaned_data["code"], strict=True)
    except (Invalid, StepUpRequired) as error:
        form.add_error("code", error.message)
        return _page(request, person, form, error.status)

    administrators.acknowledge_new_admins(person, until)
    return redirect("admin:index")


def _page(
    request: CooperRequest, person: Person, form: AcknowledgeForm | None = None, status: int = 200
) -> HttpResponse:
    events = administrators.unacknowledged_new_admins(person)
    if not events:
        messages.info(request, "There is no new administrator that you have not seen.")
        return redirect("admin:index")

    context = {
        "lines": administrators.notice_lines(events),
        "form": form or AcknowledgeForm(initial={"until": str(events[-1].at)}),
    }
    return render(request, "accounts/administrators_seen.html", context, status=status)
