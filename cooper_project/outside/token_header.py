"""Does `x-amz-sso_bearer_token` arrive? Many servers and proxies drop names with underscores.

The portal's API tells by itself: without the header it answers 400 and says so, and to a token that
is none it answers 401. So nothing is served for this check alone, and it takes no secret.
"""

from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from urllib.parse import urlsplit

from cooper_project.outside import hops, http_probe
from cooper_project.outside.http_probe import Answer, NoAnswer
from cooper_project.outside.report import Addresses, Report
from sso_portal.wire import ERROR_TYPE

PATH = "/sso/assignment/accounts?max_result=1"

HEADER = "x-amz-sso_bearer_token"

NO_TOKEN = "cooper-check"  # noqa: S105 - not a token, and nobody's
"""What is sent as a token; it looks like none, so that cooper asks DynamoDB for nothing."""


class Arrival(Enum):
    """What became of the header on one way."""

    ARRIVED = auto()
    DROPPED = auto()
    UNKNOWN = auto()
    """Something else was answered."""

    NOT_ASKED = auto()


@dataclass(frozen=True)
class Passage:
    """What came of one request."""

    arrival: Arrival

    server: str = ""
    """How the one that answered calls itself."""

    sentence: str = ""
    """What was answered instead."""


NOT_ASKED = Passage(Arrival.NOT_ASKED)


def check_token_header(addresses: Addresses) -> Report:
    """Send the header by the public address, and to the server itself when that is known."""
    public = _send(addresses.public, {})
    direct = _send_directly(addresses) if addresses.server else NOT_ASKED
    if public.arrival is Arrival.ARRIVED:
        return Report("arrives", is_good=True)
    if public.arrival is Arrival.UNKNOWN:
        return Report(_way_is_wrong(public, direct), is_good=False)
    return _dropped(addresses, public, direct)


# -- asking ----------------------------------------------------------------------------------------
def _send_directly(addresses: Addresses) -> Passage:
    """Ask the server as its proxy does: under the public name, with the public scheme."""
    public = urlsplit(addresses.public)
    return _send(addresses.server, {"Host": public.netloc, "X-Forwarded-Proto": public.scheme})


def _send(address: str, headers: dict[str, str]) -> Passage:
    try:
        answer = http_probe.get(address, PATH, {HEADER: NO_TOKEN, **headers})
    except NoAnswer as error:
        return Passage(Arrival.UNKNOWN, sentence=error.message)

    server = answer.header("Server")
    if _is_unauthorized(answer):
        return Passage(Arrival.ARRIVED, server)
    if _says_that_none_came(answer):
        return Passage(Arrival.DROPPED, server)
    return Passage(Arrival.UNKNOWN, server, _other_answer(address, answer))


def _is_unauthorized(answer: Answer) -> bool:
    is_right_status = answer.status == HTTPStatus.UNAUTHORIZED
    return is_right_status and answer.header(ERROR_TYPE) == "UnauthorizedException"


def _says_that_none_came(answer: Answer) -> bool:
    message = str(answer.members.get("message", ""))
    return answer.header(ERROR_TYPE) == "InvalidRequestException" and HEADER in message


def _other_answer(address: str, answer: Answer) -> str:
    """Return what was answered, when it tells nothing of the header."""
    location = answer.header("Location")
    if location:
        return f"{address} leads on to {location}: give the address that answers by itself."
    if answer.header(ERROR_TYPE):
        message = str(answer.members.get("message", ""))[:300]
        return f"cooper at {address} answered {answer.status}: {message}"
    return f"Something else than cooper answers at {address}: {answer.described()}."


# -- concluding ------------------------------------------------------------------------------------
def _way_is_wrong(public: Passage, direct: Passage) -> str:
    if direct.arrival is Arrival.ARRIVED:
        return f"unknown. {public.sentence} Asked directly, the server gets the header."
    if direct.arrival is Arrival.DROPPED:
        return f"unknown. {public.sentence} Asked directly, the server drops the header."
    return f"unknown. {public.sentence} {direct.sentence}".rstrip()


def _dropped(addresses: Addresses, public: Passage, direct: Passage) -> Report:
    """Return which hop drops the header, as far as that is known."""
    if direct.arrival is Arrival.ARRIVED:
        name = _name_of_proxy(public)
        summary = f"does not arrive. {name} between {addresses.public} and the server drops it."
        return Report(summary, is_good=False, advice=hops.advice_for_proxy(public.server))

    if direct.arrival is Arrival.DROPPED:
        name = f"The server at {addresses.server} itself{_named(direct.server)}"
        summary = f"does not arrive. {name} drops it; what is before it may do so too."
        return Report(summary, is_good=False, advice=hops.advice_for_server(direct.server))

    return _dropped_somewhere(public, direct)


def _name_of_proxy(public: Passage) -> str:
    if hops.is_proxy(public.server):
        return f"The proxy{_named(public.server)}"
    return "A proxy that does not name itself"


def _dropped_somewhere(public: Passage, direct: Passage) -> Report:
    which = "The server itself, or a proxy that passes on its name, drops it"
    advice = hops.advice_for_server(public.server) + hops.ANY_PROXY
    if hops.is_proxy(public.server):
        which = "The proxy, or the server behind it, drops it"
        advice = hops.advice_for_proxy(public.server)

    summary = f"does not arrive. {which}{_named(public.server)}. {direct.sentence}".rstrip()
    which_one = "Which one: run this on the server's host, with -server http://127.0.0.1:8000"
    return Report(summary, is_good=False, advice=(*advice, which_one))


def _named(server: str) -> str:
    return f" (Server: {server})" if server else ""
