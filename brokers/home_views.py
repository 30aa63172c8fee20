"""The first page over HTTP: what the person may become, by AWS account, with search."""

from datetime import UTC, datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from brokers.becoming import allow_sign_in_hosts, sign_in_first
from brokers.contacts import default_contact
from brokers.home_pages import home_page
from brokers.request_catalogue import catalogue_of
from brokers.stops import stops_now
from core.http import compressed
from core.requests import CooperRequest

QUERY_LIMIT = 200
"""Characters of a search."""


@require_safe
@compressed
def home(request: CooperRequest) -> HttpResponse:
    """Show what the person may become, by AWS account, with search."""
    if request.identity is None:
        return sign_in_first(request, request.get_full_path())

    query = request.GET.get("q", "")[:QUERY_LIMIT]
    shown = home_page(
        request.identity.groups,
        stops=stops_now(request),
        catalogue=catalogue_of(request),
        now=datetime.now(UTC),
        query=query,
        number=request.GET.get("page"),
    )

    allow_sign_in_hosts(request, shown.partitions)
    context = {"page": shown.page, "home": shown, "query": query}
    context["contact"] = default_contact(request)
    return render(request, "brokers/home.html", context)
