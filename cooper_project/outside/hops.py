"""Servers and proxies that drop headers with underscores, and the line that mends each.

They name themselves in the header `Server`, or not at all: some pass on the name of what is behind
them.
"""

from typing import NamedTuple

NGINX = "nginx: `underscores_in_headers on;` in its http block, then reload it."
HAPROXY = (
    "haproxy: it drops none by itself; no `http-request del-header` may remove names with "
    "underscores."
)
ALB = (
    "AWS ALB: the attribute routing.http.drop_invalid_header_fields.enabled has to be false "
    "(aws elbv2 modify-load-balancer-attributes --load-balancer-arn ARN --attributes "
    "Key=routing.http.drop_invalid_header_fields.enabled,Value=false)."
)
ENVOY = "Envoy: `headers_with_underscores_action: ALLOW`."
OWN_SERVER = (
    "Serve by `cooper` itself. A gunicorn of your own takes --forwarder-headers "
    "X-AMZ-SSO_BEARER_TOKEN --forwarded-allow-ips '*', from version 23 on."
)
NO_SERVER_FOR_IT = "This server drops such names always: serve by `cooper` itself."

ANY_PROXY = (NGINX, ALB, ENVOY, HAPROXY)


class Hop(NamedTuple):
    """A kind of server or proxy: how its `Server` header begins, and what mends it."""

    beginning: str
    advice: str
    is_proxy: bool


HOPS = (
    Hop("nginx", NGINX, is_proxy=True),
    Hop("openresty", NGINX, is_proxy=True),
    Hop("haproxy", HAPROXY, is_proxy=True),
    Hop("awselb", ALB, is_proxy=True),
    Hop("envoy", ENVOY, is_proxy=True),
    Hop("istio-envoy", ENVOY, is_proxy=True),
    Hop("gunicorn", OWN_SERVER, is_proxy=False),
    Hop("wsgiserver", NO_SERVER_FOR_IT, is_proxy=False),
    Hop("waitress", NO_SERVER_FOR_IT, is_proxy=False),
    Hop("daphne", NO_SERVER_FOR_IT, is_proxy=False),
    Hop("uvicorn", NO_SERVER_FOR_IT, is_proxy=False),
)


def advice_for_proxy(server_header: str) -> tuple[str, ...]:
    """Return what mends a proxy that calls itself so, or passes on the name of a server."""
    advice = [hop.advice for hop in HOPS if hop.is_proxy and _is(hop, server_header)]
    return tuple(advice) or ANY_PROXY


def advice_for_server(server_header: str) -> tuple[str, ...]:
    """Return what mends a server that calls itself so; it may be a proxy after all."""
    advice = [hop.advice for hop in HOPS if _is(hop, server_header)]
    return tuple(advice) or (OWN_SERVER,)


def is_proxy(server_header: str) -> bool:
    """Return whether this is the name of a proxy."""
    return any(hop.is_proxy and _is(hop, server_header) for hop in HOPS)


def _is(hop: Hop, server_header: str) -> bool:
    return server_header.lower().startswith(hop.beginning)
