"""Addresses of the AWS console: what each one names, and where it leads. Pure.

An address is refused where browsers, AWS and cooper could read it in different ways. What is left
is kept to the byte: pages of the console have encodings of their own in their fragments.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from brokers.console_hosts import NO_CONSOLE, ConsoleHost, console_host
from brokers.console_services import SERVICES
from brokers.prefilled_actions import PrefilledAction, action_of, readings
from core.partitions import PARTITIONS, REGION, check_region, served_partition

LIMIT = 2000
"""Characters of an address."""

_URL = re.compile(r"https://([^/?#]*)(.*)", re.IGNORECASE | re.ASCII)
"""Host and port, and everything behind them."""

_REFUSED = re.compile(r"[\s\\<>\"]")
"""Browsers read a backslash as a slash, so that it could lead to another host."""

_DOTS = {".", ".."}
"""Browsers take these parts of a path away, and the part before."""

_GLOBAL_REGIONS = {"global", "aws-global"}
"""What pages of services without regions have for one."""

_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:([a-z0-9-]*):([0-9]{12}):", re.ASCII)
_ACCOUNT_IN_PATH = re.compile(
    r"/codesuite/[a-z]+/([0-9]{12})/|/(?:private|public)/([0-9]{12})/", re.ASCII
)
_ACCOUNT_OF_VIEW = re.compile(r"/go/view\?(?:.*&)?account=([0-9]{12})(?:[&#].*)?", re.ASCII)
_QUEUE = re.compile(r"//sqs\.[a-z0-9.-]+/([0-9]{12})/", re.ASCII)

_LIGHTSAIL_REGION = re.compile(r"/ls/webapp/([a-z0-9-]+)/.*", re.ASCII)

_FIRST_PART = re.compile(r"/([a-z0-9-]{1,40})(?:[/?#].*)?", re.ASCII)

HOME = "/console/home"
"""The console's own front page."""


@dataclass(frozen=True)
class ConsoleUrl:
    """An address of the console, and what it names; what it does not name is ""."""

    destination: str
    """Where to land: as it came, without the session of another browser."""
    partition: str
    region: str
    account_id: str
    """The AWS account whose session it was copied from: the one that is meant."""
    mentioned_accounts: tuple[str, ...]
    """AWS accounts of ARNs and queues in it, in order: those that are probably meant."""

    @property
    def host(self) -> str:
        """The host that it leads to."""
        return urlsplit(self.destination).netloc

    @property
    def address(self) -> str:
        """Path, query and fragment."""
        return self.destination.removeprefix(f"https://{self.host}")


# -- reading ---------------------------------------------------------------------------------------
def console_url(text: str) -> ConsoleUrl:
    """Read an address of the console.

    Raise ValueError in words for what is none, for the addresses of AWS's sign-in, and for what
    could be read in more than one way.
    """
    check_printable(text)
    match = _URL.fullmatch(text)
    if not match:
        raise ValueError(NO_CONSOLE)

    host = console_host(_host_name(match[1]))
    address = match[2]
    _check_address(address)
    return ConsoleUrl(
        destination=f"https://{host.name}{address}",
        partition=host.partition,
        region=_region_of(host, address),
        account_id=host.account_id,
        mentioned_accounts=_mentioned_accounts(address),
    )


def check_printable(text: str) -> None:
    """Raise ValueError for a text that can be no address: too long, or with odd characters."""
    if len(text) > LIMIT:
        raise ValueError(f"an address of the console has at most {LIMIT:,} characters here")
    if not text.isascii() or not text.isprintable() or _REFUSED.search(text):
        raise ValueError(
            "an address of the console is printable ASCII, without blanks, "
            'backslashes, quotation marks, "<" and ">"'
        )


def _host_name(authority: str) -> str:
    """Return the host in lower case; raise ValueError for a user, another port, or a final dot."""
    host = authority.lower().removesuffix(":443")
    if not re.fullmatch(r"[a-z0-9.-]{1,253}", host):
        raise ValueError(NO_CONSOLE)
    return host


def _check_address(address: str) -> None:
    """Raise ValueError for a path that browsers change, or that signs people out."""
    path = re.split(r"[?#]", address)[0]
    if path.startswith("//"):
        raise ValueError("the path of this address begins with two slashes")

    for reading in readings(path):
        if not _DOTS.isdisjoint(reading.split("/")) or "\\" in reading:
            raise ValueError('the path of this address has parts such as ".."')
        if reading.startswith("/console/logout"):
            raise ValueError("this address signs out of the console")


# -- what an address names -------------------------------------------------------------------------
def _region_of(host: ConsoleHost, address: str) -> str:
    """Return the region of its page; raise ValueError for one of another partition.

    The console goes by the query where it names another region than the host.
    """
    regions = _named_regions(host, address)
    for region in regions:
        if REGION.fullmatch(region):
            check_region(region, host.partition)
            return region
        if region in _GLOBAL_REGIONS:
            return ""
    return ""


def _named_regions(host: ConsoleHost, address: str) -> list[str]:
    """Return what an address names as its region, what counts most first."""
    _, _, fragment = address.partition("#")
    query = urlsplit(address).query
    regions = parse_qs(query).get("region", [])[:1]
    if host.region:
        regions.append(host.region)

    _, _, fragment_query = fragment.partition("?")
    regions += parse_qs(fragment_query).get("region", [])[:1]

    lightsail = _LIGHTSAIL_REGION.fullmatch(address)
    if lightsail and host.service == "lightsail":
        regions.append(lightsail[1])
    return regions


def _mentioned_accounts(address: str) -> tuple[str, ...]:
    """Return the AWS accounts in an address by which it can be told whose page it is, each once."""
    accounts: dict[str, None] = {}
    for reading in readings(address):
        for match in _ARN.finditer(reading):
            accounts[match[2]] = None
        for match in _ACCOUNT_IN_PATH.finditer(reading):
            accounts[match[1] or match[2]] = None
        for match in _QUEUE.finditer(reading):
            accounts[match[1]] = None

    view = _ACCOUNT_OF_VIEW.fullmatch(address)
    if view:
        accounts[view[1]] = None
    return tuple(accounts)


# -- where to land ---------------------------------------------------------------------------------
def landing(partition: str, region: str, destination: str) -> ConsoleUrl:
    """Return where to land: at a path, at an address of the console, or on its front page.

    `region` is for what names no host. Raise ValueError in words for anything outside the
    partition's console.
    """
    console = served_partition(partition).console_host
    if region:
        check_region(region, partition)
        console = f"{region}.{console}"

    if not destination:
        query = f"?region={region}" if region else ""
        return console_url(f"https://{console}{HOME}{query}")
    check_printable(destination)
    if destination.startswith("/"):
        return console_url(f"https://{console}{destination}")

    url = console_url(destination)
    if url.partition != partition:
        raise ValueError(
            f"this is an address of the partition {url.partition}; the target is in {partition}"
        )
    return url


def check_one_region(url: ConsoleUrl, region: str) -> None:
    """Raise ValueError when a link names another region than the page that it leads to."""
    if region and url.region and url.region != region:
        raise ValueError(f"the link names two regions: {region}, and {url.region} in the address")


def prefilled_action(url: ConsoleUrl) -> PrefilledAction | None:
    """Return the action that the page begins with what its address says; None for other pages."""
    return action_of(f"/{_service_label(url)}{url.address}")


def front_page(url: ConsoleUrl) -> str:
    """Return the front page of the service that an address belongs to, in its region.

    It is the console's own where the service is unknown, or has none that only shows.
    """
    service_path = _service_path(url)
    path, hash_sign, fragment = service_path.partition("#")
    region = f"?region={url.region}" if url.region else ""
    page = f"https://{_console_of(url)}{path}{region}{hash_sign}{fragment}"

    front = console_url(page)
    if prefilled_action(front):
        return f"https://{_console_of(url)}{HOME}{region}"
    return page


def _console_of(url: ConsoleUrl) -> str:
    console = PARTITIONS[url.partition].console_host
    if url.region:
        return f"{url.region}.{console}"
    return console


def _service_path(url: ConsoleUrl) -> str:
    first_part = _FIRST_PART.fullmatch(url.address)
    if not first_part or not _is_on_console(url):
        return HOME
    for service in SERVICES:
        folder, _, _ = service.path.rpartition("/")
        if url.address.startswith(f"{folder}/"):
            return service.path
    return f"/{first_part[1]}/home"


def _is_on_console(url: ConsoleUrl) -> bool:
    return url.host.endswith(PARTITIONS[url.partition].console_host)


def _service_label(url: ConsoleUrl) -> str:
    """Return the service that the host names, for the actions of one without a path of its own."""
    return console_host(url.host).service


def shown(destination: str) -> str:
    """Return a destination to be read by a person: decoded, but for what cannot be seen."""
    text = destination
    for _ in range(4):
        decoded = _decode_visible(text)
        if decoded == text:
            break
        text = decoded
    return text


_CODES = re.compile(r"(?:%[0-9A-Fa-f]{2})+", re.ASCII)


def _decode_visible(text: str) -> str:
    return _CODES.sub(lambda match: _visible(match[0]), text)


def _visible(codes: str) -> str:
    """Decode a run of codes; leave them where they stand for what is not to be seen."""
    decoded = unquote(codes, errors="replace")
    if decoded.isprintable() and "\ufffd" not in decoded:
        return decoded
    return codes
