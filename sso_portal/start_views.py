"""`/start`: cooper's own pages for people, and the answer that the AWS CLI looks for.

From version 2.35.13 on the CLI asks `HEAD <start URL>` and wants to be led to an address of AWS's,
which it then never contacts: it goes on with the endpoints of its own configuration.
"""

from django.http import HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from brokers import link_views
from core.requests import CooperRequest

LABEL = "https://identitycenter.amazonaws.com/ssoins-0000000000000000"
"""A path under a name that AWS alone has; no instance can have this one."""


@require_safe
def start(request: CooperRequest) -> HttpResponse:
    """Lead the CLI's HEAD to the label; show people the page of links."""
    if request.method == "HEAD":
        return HttpResponseRedirect(LABEL)
    return link_views.start(request)
