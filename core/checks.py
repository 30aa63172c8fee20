"""Settings that make no sense, as Django's system checks: `manage.py check`, and with `--deploy` what serving needs."""

import ipaddress
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Warning, register  # noqa: A004 - Django's name for it

from core.aws import endpoint_refusal, signin_refusal
from core.groups import split_group
from core.partitions import partition_of

TAG = "cooper"
REGION = re.compile(r"[a-z]{2,5}(-[a-z]+){1,2}-[0-9]{1,2}")
ENDPOINTS = (
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_KMS",
    "AWS_ENDPOINT_URL_STS",
)

Messages = Iterator[CheckMessage]
Check = Callable[[], Messages]


def _register(*checks: Check, deploy: bool = False) -> None:
    """Let Django run each check; `deploy` ones only for production."""
    for check in checks:

        def run(app_configs: Any, _check: Check = check, **kwargs: Any) -> list[CheckMessage]:
            return list(_check())

        run.__name__ = check.__name__
        register(TAG, deploy=deploy)(run)


def register_all() -> None:
    """Register cooper's checks; called once, when Django is ready."""
    _register(admin_groups, region, addresses, endpoints, proxies, longest_session)
    _register(needed, bound, secret_key, hosts, debug, deploy=True)


def admin_groups() -> Messages:
    """Find that no group administers, or a group (of administrators or auditors) that is none."""
    if not settings.COOPER_ADMIN_GROUPS:
        yield Error(
            "COOPER_ADMIN_GROUPS is empty: nobody would administer.",
            hint="Say which groups administer, as in local:admins,okta:cooper-admins.",
            id="cooper.E001",
        )
    for name in ("COOPER_ADMIN_GROUPS", "COOPER_AUDITOR_GROUPS"):
        for text in getattr(settings, name):
            try:
                split_group(text)
            except ValueError as error:
                yield Error(
                    f"{name} names {text!r}: {error}.",
                    hint="Write provider:name, as in okta:cooper-admins.",
                    id="cooper.E002",
                )


def region() -> Messages:
    """Find a region that does not look like one."""
    if settings.COOPER_REGION and not REGION.fullmatch(settings.COOPER_REGION):
        yield Error(
            f"COOPER_REGION is {settings.COOPER_REGION!r}.",
            hint="Write it as AWS does: eu-west-1.",
            id="cooper.E003",
        )


def addresses() -> Messages:
    """Find a public address without https, and a place to listen that is none."""
    public = urlsplit(settings.COOPER_PUBLIC_URL)
    local = public.hostname in settings.COOPER_LOOPBACK_HOSTS
    if public.scheme == "http" and not (local or settings.COOPER_INSECURE_HTTP):
        yield Error(
            f"COOPER_PUBLIC_URL is {settings.COOPER_PUBLIC_URL}: passwords and credentials would travel in the clear.",
            hint="Give it an https address (docs/operate.md), or set COOPER_INSECURE_HTTP=1 knowing what it means.",
            id="cooper.E004",
        )
    if not bind_parts():
        yield Error(
            f"COOPER_BIND is {settings.COOPER_BIND!r}.",
            hint="Write ADDRESS:PORT, as in 127.0.0.1:8000.",
            id="cooper.E005",
        )


def bind_parts() -> tuple[str, int] | None:
    """Return the host and port to listen on, or None when they cannot be read."""
    found = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})", settings.COOPER_BIND)
    return (found[1].strip("[]"), int(found[2])) if found and int(found[2]) <= 65_535 else None


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach the host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def endpoints() -> Messages:
    """Find endpoints that are not AWS's; say aloud that ones on this machine are allowed."""
    partition = partition_of(settings.COOPER_REGION)
    for name in ENDPOINTS:
        refusal = endpoint_refusal(os.environ[name], partition) if os.environ.get(name) else ""
        if refusal:
            yield Error(f"{name}: {refusal}.", hint=f"Unset {name}, or mend it.", id="cooper.E006")
    signin_url = settings.COOPER_SIGNIN_URL
    refusal = signin_refusal(signin_url, partition) if signin_url else ""
    if refusal:
        yield Error(
            f"COOPER_SIGNIN_URL: {refusal}.", hint="Unset it, or mend it.", id="cooper.E007"
        )
    if settings.COOPER_DEV_ENDPOINTS:
        yield Warning(
            "COOPER_DEV_ENDPOINTS=1: AWS may be something on this machine. NEVER in production.",
            hint="Unset it to use AWS.",
            id="cooper.W001",
        )


def proxies() -> Messages:
    """Find trusted proxies that are no addresses, or everybody."""
    for text in settings.COOPER_TRUSTED_PROXIES:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            yield Error(
                f"COOPER_TRUSTED_PROXIES names {text!r}, which is neither an address nor a network.",
                hint="As in 10.0.0.0/24,10.0.1.7.",
                id="cooper.E008",
            )
            continue
        if network.prefixlen == 0:
            yield Error(
                "COOPER_TRUSTED_PROXIES trusts everybody: anyone could choose the client address in the record.",
                hint="Name your load balancer's network.",
                id="cooper.E009",
            )


def longest_session() -> Messages:
    """Find credentials that live over 12 hours: possible for federated users alone."""
    if settings.COOPER_MAX_SESSION > 43_200:
        yield Warning(
            f"COOPER_MAX_SESSION is {settings.COOPER_MAX_SESSION} s: federated users' credentials may live over 12 h.",
            hint="AWS cannot revoke one federated session. Roles stay at 43200 s.",
            id="cooper.W002",
        )


def needed() -> Messages:
    """Find that the region lacks."""
    if not settings.COOPER_REGION:
        yield Error(
            "No AWS region is set.", hint="Set COOPER_REGION, or give -region.", id="cooper.E010"
        )


def bound() -> Messages:
    """Find plain http that others can reach, with nothing in front of it that speaks https."""
    host, _ = bind_parts() or ("localhost", 0)
    https = settings.COOPER_PUBLIC_URL.startswith("https://")
    if not (is_loopback(host) or https or settings.COOPER_INSECURE_HTTP):
        yield Error(
            f"cooper would listen on {settings.COOPER_BIND} with plain http.",
            hint="Put https in front of it and set COOPER_PUBLIC_URL=https://..., or give --insecure-http.",
            id="cooper.E012",
        )
    if https and not settings.COOPER_TRUSTED_PROXIES:
        yield Info(
            "COOPER_TRUSTED_PROXIES is empty: the record has the proxy's address instead of people's.",
            hint="Name the address or network of what speaks https in front of cooper.",
            id="cooper.I001",
        )


def secret_key() -> Messages:
    """Find a secret key that is short, or that others can read."""
    if settings.COOPER_SECRET_KEY and len(settings.COOPER_SECRET_KEY) < 50:
        yield Error(
            "COOPER_SECRET_KEY is shorter than 50 characters.",
            hint="Unset it: cooper_setup makes one. Or: openssl rand -base64 64",
            id="cooper.E013",
        )
    file = os.environ.get("COOPER_SECRET_KEY_FILE", "")
    if file and Path(file).exists() and Path(file).stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Error(f"{file} can be read by others.", hint=f"chmod 600 {file}", id="cooper.E014")


def hosts() -> Messages:
    """Find that every Host header would be believed."""
    if "*" in settings.ALLOWED_HOSTS:
        yield Error(
            "COOPER_ALLOWED_HOSTS is *.", hint="Name cooper's host names.", id="cooper.E015"
        )


def debug() -> Messages:
    """Find that error pages would show settings."""
    if settings.DEBUG:
        yield Error("DEBUG is on.", hint="cooper has no use for it.", id="cooper.E016")
