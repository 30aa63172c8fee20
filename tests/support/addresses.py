"""Every address of cooper, filled with what the seed has."""

from collections.abc import Iterable, Iterator

from django.contrib.admindocs.views import simplify_regex
from django.urls import URLPattern, URLResolver, get_resolver

FILLED = {
    "<target:name>": "dev-read",
    "<slug:provider_id>": "local",
    "<slug:permit_id>": "0" * 40,
}

OBJECTS = {
    "brokers/target": "dev-read",
    "brokers/association": "dev-read%7Clocal_3Adevelopers",
    "brokers/awsaccount": "222222222222",
    "accounts/localaccount": "alice",
    "accounts/person": "local_3Aalice",
    "cooper/installation": "grants",
    "cooper/settings": "contact",
}


def addresses(
    patterns: Iterable[URLPattern | URLResolver] | None = None, prefix: str = "/"
) -> Iterator[str]:
    """Yield the addresses as the URL configuration has them."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        whole = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, whole)
        elif isinstance(pattern, URLPattern):
            yield whole


def filled(address: str) -> str:
    """Return an address outside of the admin with its parts filled in."""
    for hole, value in FILLED.items():
        address = address.replace(hole, value)
    return address


def admin_addresses() -> list[str]:
    """Return the addresses of the admin."""
    return [
        simplify_regex(each) if "(?P" in each else each
        for each in addresses()
        if each.startswith("/admin/")
    ]


def admin_path(address: str) -> str:
    """Return an address of the admin with its parts filled in."""
    document = "/".join(address.split("/")[2:4])
    return (
        address.replace("<path:object_id>", OBJECTS.get(document, "nothing"))
        .replace("<app_label>", "brokers")
        .replace("<url>", "nothing")
    )
