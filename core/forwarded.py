"""What proxies say of the client, in X-Forwarded-For and X-Forwarded-Proto. Pure: no Django.

There is no standard for these headers. What proxies write is taken: addresses with a port or in
brackets (AWS's load balancers do, where they are told to keep the port), RFC 7239's `for=`, lists
with empty parts (RFC 9110, 5.6.1.2), `unknown`.
"""

import ipaddress
from collections.abc import Iterable

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def parse_address(text: str) -> IpAddress | None:
    """Return the address in one part of X-Forwarded-For, or None: `unknown`, a name, garbage.

    An IPv4 address written as an IPv6 one (`::ffff:192.0.2.1`) is the IPv4 address.
    """
    host = _without_port(_node_in(text))
    # a zone (fe80::1%eth0) means something on the proxy's machine alone
    host = host.partition("%")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None

    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def _node_in(text: str) -> str:
    """Return the address and port of a part: of `for="..."` and others what is after `for=`."""
    for pair in text.split(";"):
        name, equals, value = pair.partition("=")
        if equals and name.strip().lower() == "for":
            text = value
    return text.strip().strip('"')


def _without_port(node: str) -> str:
    if node.startswith("["):
        return node[1:].partition("]")[0]
    # an IPv6 address without brackets has more than one colon, and no port
    if node.count(":") == 1:
        return node.partition(":")[0]
    return node


def is_within(address: IpAddress, networks: Iterable[str]) -> bool:
    """Return whether one of these addresses or networks (as texts) has the address."""
    for text in networks:
        try:
            if address in ipaddress.ip_network(text, strict=False):
                return True
        except ValueError:
            continue
    return False


def nearest_untrusted(peer: str, forwarded_for: str, trusted: list[str]) -> str:
    """Return the client's address: the first from the right that no trusted proxy has.

    The client itself may have written whatever stands to the left of it. What is no address ends
    the way: the last proxy that said one is all that is known.
    """
    address = parse_address(peer)
    if address is None:
        return ""

    for part in reversed(forwarded_for.split(",")):
        if not part.strip():
            continue
        if not is_within(address, trusted):
            break
        hop = parse_address(part)
        if hop is None:
            break
        address = hop
    return str(address)


def is_https(forwarded_proto: str) -> bool:
    """Return whether the person's browser spoke https: the first value of X-Forwarded-Proto.

    Each proxy adds what was spoken to it, so that the browser's is the first; Django reads it the
    same. Whoever writes `https` there themselves deceives nobody but themselves.
    """
    for value in forwarded_proto.split(","):
        scheme = value.strip().strip('"').lower()
        if scheme:
            return scheme == "https"
    return False
