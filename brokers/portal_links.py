"""Links that packages above this one put on its pages: they register them, and are not imported."""

from collections.abc import Callable
from typing import NamedTuple


class PortalLink(NamedTuple):
    """A link by its title; its address may have a target with it, by name, "" for none."""

    title: str
    address: Callable[[str], str]


class ShownLink(NamedTuple):
    """A link as a page shows it."""

    title: str
    address: str


_links: list[PortalLink] = []


def register(link: PortalLink) -> None:
    """Add a link to the pages of one's access, of targets and of credentials, after the others."""
    _links.append(link)


def portal_links(target: str = "") -> list[ShownLink]:
    """Return the links for a page, which may be about a target."""
    return [ShownLink(link.title, link.address(target)) for link in _links]
