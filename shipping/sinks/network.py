"""Which places on the network a sink may be at, told from the addresses that its name leads to.

Nothing in cooper but the shipper sends to an address that a setting names, and what it sends is the
whole audit log: it never goes to metadata services, nor into a private network that nobody named.
https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from shipping.sinks.base import PassingProblem

IpAddress = IPv4Address | IPv6Address

USUAL_PORTS = {"https": 443, "http": 80}

NEVER = tuple(
    map(
        ip_network,
        (
            "169.254.0.0/16",  # link-local: instance metadata, credentials of containers
            "fe80::/10",
            "fd00:ec2::/32",  # the same of EC2 and ECS by IPv6
            "100.100.100.200/32",  # metadata of other clouds
            "168.63.129.16/32",
            "192.0.0.0/24",
        ),
    )
)
"""Networks in which no sink is, whatever is named."""

EMBEDDING = {
    ip_network("64:ff9b::/96"): 0,
    ip_network("::/96"): 0,
    ip_network("2002::/16"): 80,
}
"""IPv6 networks whose addresses have one of IPv4 in them, that many bits from the right."""


class RefusedAddress(Exception):
    """A place that nothing is sent to; the text says which, and what to do."""


@dataclass(frozen=True)
class Place:
    """Where a sink is: the parts of its URL. `path` has the query in it."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def netloc(self) -> str:
        """What the Host header says."""
        host = self.host
        if ":" in host:
            host = f"[{host}]"
        if self.port == USUAL_PORTS[self.scheme]:
            return host
        return f"{host}:{self.port}"


@dataclass(frozen=True)
class Permission:
    """What the environment allows beside public addresses.

    `private_hosts`: names (or addresses) that may lead into private networks. `loopback`: this
    machine, and there http; for trying out.
    """

    private_hosts: frozenset[str] = frozenset()
    loopback: bool = False


def read_place(setting: str, url: str, permission: Permission) -> Place:
    """Return the parts of a sink's URL; raise ImproperlyConfigured for what no sink may be."""
    if not url.isascii() or any(char.isspace() or char in '\\"<>' for char in url):
        raise ImproperlyConfigured(f"{setting} has characters that no address has.")

    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"{setting} is no address ({error}).") from None

    host = (parts.hostname or "").rstrip(".")
    if not host:
        raise ImproperlyConfigured(f"{setting} names no host; write https://host/path")

    if "@" in parts.netloc or parts.fragment:
        raise ImproperlyConfigured(
            f"{setting} may have no user, password or fragment; secrets have settings of their own."
        )

    if parts.scheme != "https" and not (parts.scheme == "http" and permission.loopback):
        raise ImproperlyConfigured(f"{setting} has to begin with https://")

    path = parts.path or "/"
    if parts.query:
        path = f"{path}?{parts.query}"

    return Place(parts.scheme, host, port or USUAL_PORTS[parts.scheme], path)


def resolve(place: Place, permission: Permission) -> list[IpAddress]:
    """Return the addresses to connect to, one of them.

    A connection goes to such an address itself, so that a name cannot lead elsewhere between the
    look and the connection (DNS rebinding). Raise RefusedAddress when any of them may not be a
    sink's, OSError when the name is not known.
    """
    try:
        answers = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise RefusedAddress(f"{place.host} is no host's name.") from None

    addresses = [ip_address(str(answer[4][0]).partition("%")[0]) for answer in answers]

    for address in addresses:
        refusal = address_refusal(address, place, permission)
        if refusal:
            raise RefusedAddress(f"{place.host} leads to {address}, {refusal}")

    return addresses


def problems(setting: str, place: Place, permission: Permission) -> list[str]:
    """Return what is wrong with the place that a setting names, each with what to do."""
    try:
        resolve(place, permission)
    except RefusedAddress as error:
        return [f"{setting}: {error}"]
    except OSError:
        unknown = f"{setting}: the name {place.host} is not known here. "
        return [PassingProblem(unknown + "Look at its spelling, and at this machine's DNS.")]
    return []


def address_refusal(address: IpAddress, place: Place, permission: Permission) -> str:
    """Return what an address is, when nothing may be sent there, with what to do; "" otherwise."""
    inner = _innermost(address)
    is_metadata = any(inner in network for network in NEVER if network.version == inner.version)
    if is_metadata:
        return "where metadata services are. No sink may be there."

    if inner.is_loopback:
        return _refusal_of_loopback(permission)
    if inner.is_multicast or inner.is_unspecified or inner.is_reserved:
        return "which is no machine's address."

    if place.scheme != "https":
        return "which is not this machine: http is for trying out there. Use https."

    if not inner.is_global and place.host.lower() not in permission.private_hosts:
        return "a private address. If that is right, list the host in COOPER_SHIP_ALLOW_PRIVATE."

    return ""


def _refusal_of_loopback(permission: Permission) -> str:
    if permission.loopback:
        return ""
    return "this machine. Only trying out has sinks there (COOPER_SHIP_LOOPBACK=1)."


def _innermost(address: IpAddress) -> IpAddress:
    """Return the IPv4 address within one of IPv6, where there is one: a gateway may lead there."""
    if isinstance(address, IPv4Address):
        return address

    if address.ipv4_mapped:
        return address.ipv4_mapped

    # ::1 is no IPv4 address
    if address.is_loopback or address.is_unspecified:
        return address

    for network, shift in EMBEDDING.items():
        if address in network:
            return IPv4Address((int(address) >> shift) & 0xFFFFFFFF)

    return address
