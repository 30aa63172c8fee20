"""Settings that make no sense or are not safe, found by Django's system checks.

`manage.py check` runs them, with `--deploy` those too that serving needs.
"""

import ipaddress
import os
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, register
from django.core.checks import Warning as CheckWarning

from core import readable_files
from core.aws import endpoint_refusal, signin_refusal
from core.groups import split_group
from core.partitions import REGION, partition_of

TAG = "cooper"

BIND = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})")

ENDPOINT_VARIABLES = (
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_KMS",
    "AWS_ENDPOINT_URL_STS",
)
"""What botocore reads endpoints from."""

GROUP_SETTINGS = ("COOPER_ADMIN_GROUPS", "COOPER_AUDITOR_GROUPS", "COOPER_DEVICE_CODE")

ENVIRONMENT_FILE = "/etc/cooper/cooper.env"
"""Where docs/install.md keeps settings for systemd, the secret key or AWS keys perhaps among them.
"""

SHORTEST_SECRET_KEY = 50
"""Characters, as Django's own check demands."""

LONGEST_ROLE_SESSION = 43_200
"""Seconds that credentials of a role are good for at most (AssumeRole)."""

Messages = Iterator[CheckMessage]
Check = Callable[[], Messages]


def register_all() -> None:
    """Register cooper's checks; called once, when Django is ready."""
    always = (
        check_groups,
        check_region,
        check_addresses,
        check_metrics,
        check_endpoints,
        check_proxies,
        check_longest_session,
    )
    for_serving = (
        check_region_is_set,
        check_plain_http,
        check_secret_key,
        check_files,
        check_hosts,
        check_debug,
    )
    for check in always:
        _register(check, deploy=False)
    for check in for_serving:
        _register(check, deploy=True)


def _register(check: Check, *, deploy: bool) -> None:
    """Let Django run a check, which takes more arguments and wants a list."""

    def run(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
        return list(check())

    run.__name__ = check.__name__
    register(TAG, deploy=deploy)(run)


def check_groups() -> Messages:
    """Report that nobody would administer, and names that are not groups."""
    if not settings.COOPER_ADMIN_GROUPS:
        yield Error(
            "COOPER_ADMIN_GROUPS is empty: cooper would have no administrator.",
            hint="Name the groups of administrators, as in local:admins,okta:cooper-admins.",
            id="cooper.E001",
        )
    for name in GROUP_SETTINGS:
        for text in getattr(settings, name):
            refusal = _group_refusal(text)
            if refusal:
                yield Error(
                    f"{name} names {text!r}: {refusal}.",
                    hint="Write provider:name, as in okta:cooper-admins, and a comma in a name "
                    r"with a backslash before it, as in okta:CN=admins\,OU=Groups.",
                    id="cooper.E002",
                )


def _group_refusal(text: str) -> str:
    """Return why this cannot be a group of the settings, or ""."""
    try:
        split_group(text)
    except ValueError as error:
        return str(error)

    if "=" in text and ":" not in text:
        # as a local group, the rest of a distinguished name would administer
        return "a piece of a distinguished name, cut at its comma, or a group without its provider"
    return ""


def check_region() -> Messages:
    """Report a region that does not look like one."""
    if settings.COOPER_REGION and not REGION.fullmatch(settings.COOPER_REGION):
        yield Error(
            f"COOPER_REGION is {settings.COOPER_REGION!r}.",
            hint="Write it as AWS does: eu-west-1.",
            id="cooper.E003",
        )


def check_addresses() -> Messages:
    """Report a public address without https, and an address to listen on that cannot be read."""
    public_url = urlsplit(settings.COOPER_PUBLIC_URL)
    is_local = public_url.hostname in settings.COOPER_LOOPBACK_HOSTS
    if public_url.scheme == "http" and not (is_local or settings.COOPER_INSECURE_HTTP):
        yield Error(
            f"COOPER_PUBLIC_URL is {settings.COOPER_PUBLIC_URL}: "
            "passwords and credentials would travel unencrypted.",
            hint="Give it an https address (docs/install.md), "
            "or set COOPER_INSECURE_HTTP=1 if you know what it means.",
            id="cooper.E004",
        )
    if parse_bind() is None:
        yield Error(
            f"COOPER_BIND is {settings.COOPER_BIND!r}.",
            hint="Write ADDRESS:PORT, as in 127.0.0.1:8000.",
            id="cooper.E005",
        )


def check_metrics() -> Messages:
    """Report an address of the metrics page that cannot be read; warn of one that others reach."""
    if not serves_metrics():
        return

    bind = parse_address(settings.COOPER_METRICS_BIND)
    if bind is None or settings.COOPER_METRICS_BIND == settings.COOPER_BIND:
        yield Error(
            f"COOPER_METRICS_BIND is {settings.COOPER_METRICS_BIND!r}.",
            hint="Write ADDRESS:PORT, as in 127.0.0.1:9464, with another port than COOPER_BIND "
            "has, or off for no metrics page.",
            id="cooper.E017",
        )
    elif not is_loopback(bind[0]):
        yield CheckWarning(
            f"The metrics page is served on {settings.COOPER_METRICS_BIND}, without https.",
            hint="Let nobody but Prometheus reach that port (docs/metrics.md).",
            id="cooper.W007",
        )


def serves_metrics() -> bool:
    """Return whether the server has a metrics page."""
    return settings.COOPER_METRICS_BIND not in ("", "off")


def parse_bind() -> tuple[str, int] | None:
    """Return the host and port of COOPER_BIND, or None when it cannot be read."""
    return parse_address(settings.COOPER_BIND)


def parse_address(text: str) -> tuple[str, int] | None:
    """Return the host and port of ADDRESS:PORT, or None when it cannot be read."""
    match = BIND.fullmatch(text)
    if match is None or int(match[2]) > 65_535:
        return None

    return match[1].strip("[]"), int(match[2])


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach the host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_endpoints() -> Messages:
    """Report endpoints that are not AWS's; warn when ones on this machine are allowed."""
    partition = partition_of(settings.COOPER_REGION)
    for name in ENDPOINT_VARIABLES:
        url = os.environ.get(name)
        refusal = endpoint_refusal(url, partition) if url else ""
        if refusal:
            yield Error(f"{name}: {refusal}.", hint=f"Unset or correct {name}.", id="cooper.E006")

    signin_url = settings.COOPER_SIGNIN_URL
    refusal = signin_refusal(signin_url, partition) if signin_url else ""
    if refusal:
        yield Error(f"COOPER_SIGNIN_URL: {refusal}.", hint="Unset or correct it.", id="cooper.E007")
    if settings.COOPER_DEV_ENDPOINTS:
        yield CheckWarning(
            "COOPER_DEV_ENDPOINTS=1: AWS may be something on this machine. NEVER in production.",
            hint="Unset it to use AWS.",
            id="cooper.W001",
        )


def check_proxies() -> Messages:
    """Report trusted proxies that are not addresses, or that are everybody."""
    for text in settings.COOPER_TRUSTED_PROXIES:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            yield Error(
                f"COOPER_TRUSTED_PROXIES names {text!r}: not an address and not a network.",
                hint="As in 10.0.0.0/24,10.0.1.7.",
                id="cooper.E008",
            )
            continue
        if network.prefixlen == 0:
            yield Error(
                "COOPER_TRUSTED_PROXIES trusts everybody: "
                "anyone could choose the client address in the audit log.",
                hint="Name your load balancer's network.",
                id="cooper.E009",
            )


def check_longest_session() -> Messages:
    """Warn of credentials for over 12 hours, which only federated users can have."""
    if settings.COOPER_MAX_SESSION > LONGEST_ROLE_SESSION:
        yield CheckWarning(
            f"COOPER_MAX_SESSION is {settings.COOPER_MAX_SESSION} s: "
            "federated users may get credentials for over 12 h.",
            hint="AWS cannot revoke one federated session. Roles stay at 43200 s.",
            id="cooper.W002",
        )


def check_region_is_set() -> Messages:
    """Report that there is no region."""
    if not settings.COOPER_REGION:
        yield Error(
            "No AWS region is set.", hint="Set COOPER_REGION, or give -region.", id="cooper.E010"
        )


def check_plain_http() -> Messages:
    """Report plain http that others can reach, with nothing in front of it that speaks https."""
    bind = parse_bind()
    # check_addresses reports one that cannot be read
    is_reachable = bind is not None and not is_loopback(bind[0])
    is_behind_https = settings.COOPER_PUBLIC_URL.startswith("https://")

    if is_reachable and not is_behind_https and not settings.COOPER_INSECURE_HTTP:
        yield Error(
            f"cooper would listen on {settings.COOPER_BIND} with plain http.",
            hint="Put https in front of it and set COOPER_PUBLIC_URL=https://..., "
            "or give --insecure-http.",
            id="cooper.E012",
        )
    if is_behind_https and not settings.COOPER_TRUSTED_PROXIES:
        yield Info(
            "COOPER_TRUSTED_PROXIES is empty: "
            "the audit log has the proxy's address instead of people's.",
            hint="Name the address or network of what speaks https in front of cooper.",
            id="cooper.I001",
        )


def check_secret_key() -> Messages:
    """Report a secret key that is short, or that others can read."""
    secret_key = settings.COOPER_SECRET_KEY
    if secret_key and len(secret_key) < SHORTEST_SECRET_KEY:
        yield Error(
            f"COOPER_SECRET_KEY is shorter than {SHORTEST_SECRET_KEY} characters.",
            hint="Unset it: cooper -setup makes one. Or: openssl rand -base64 64",
            id="cooper.E013",
        )

    file = os.environ.get("COOPER_SECRET_KEY_FILE", "")
    if readable_files.is_readable_by_others(file):
        yield Error(f"{file} can be read by others.", hint=f"chmod 600 {file}", id="cooper.E014")


def check_files() -> Messages:
    """Report files with AWS keys or cooper's settings that everybody on the machine can read."""
    for path in readable_files.readable_by_all(ENVIRONMENT_FILE):
        yield Error(
            f"{path} can be read by everybody on this machine.",
            hint=f"chmod o-rwx {path}",
            id="cooper.E018",
        )


def check_hosts() -> Messages:
    """Report that every Host header would be accepted."""
    if "*" in settings.ALLOWED_HOSTS:
        yield Error(
            "COOPER_ALLOWED_HOSTS is *.", hint="Name cooper's host names.", id="cooper.E015"
        )


def check_debug() -> Messages:
    """Report that error pages would show settings."""
    if settings.DEBUG:
        yield Error("DEBUG is on.", hint="cooper does not need it.", id="cooper.E016")
