"""Credentials over HTTP: the POST that becomes a target in a shell."""

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render

from brokers import formats
from brokers.becoming import become, without_cache
from brokers.grants import Delivery
from brokers.models import Target
from core import aws
from core.http import post_only, wants_json
from core.partitions import check_region
from core.requests import CooperRequest


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
