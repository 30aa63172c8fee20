"""What is checked of signing in: at the AWS console, by SAML, and who administers."""

from collections.abc import Iterator

import urllib3

from accounts import administrators
from accounts.models import LocalAccount, Person, SamlIdp
from accounts.providers.saml import idp_registry, keys
from accounts.providers.saml.xmlsec import require_xmlsec1
from brokers import signin_endpoint
from cooper_project.checkup.report import Finding, note, ok, problem, unknown, warning
from cooper_project.outside import Addresses
from core import aws
from core.errors import Unavailable

NO_ADMINISTRATOR = (
    "nobody who has signed in or has a local account can administer. The first one: "
    "cooper -user add NAME -groups admins, with COOPER_ADMIN_GROUPS naming local:admins"
)

NO_SAML = "no identity provider is connected: people have local accounts alone"


def check_console_sign_in(_: Addresses) -> Iterator[Finding]:
    """Reach AWS's sign-in host, whose certificate has to be good; any answer will do."""
    url = signin_endpoint.endpoint(aws.own_partition())
    pools = aws.pool_manager(retries=False, cert_reqs="CERT_REQUIRED")
    try:
        answer = pools.request("GET", url, timeout=aws.seconds_left(5.0), redirect=False)
    except urllib3.exceptions.SSLError as error:
        yield problem(
            f"{url} has no certificate that this machine trusts ({_reason(error)}). "
            "A proxy on the way may have put its own there: name its CA in SSL_CERT_FILE."
        )
    except (urllib3.exceptions.HTTPError, OSError) as error:
        yield unknown(
            f"{url} does not answer ({_reason(error)}): nobody gets to the console. "
            "Let cooper reach it, past firewalls and by its name (DNS)."
        )
    else:
        yield ok(f"{url} answers ({answer.status})")


def _reason(error: Exception) -> str:
    return type(getattr(error, "reason", error)).__name__


def check_saml(_: Addresses) -> Iterator[Finding]:
    """Look whether identity providers that are connected can sign somebody in."""
    connected = [idp for idp in SamlIdp.everything() if not idp.removed]
    if not connected:
        yield note(NO_SAML)
        return

    try:
        require_xmlsec1()
    except Unavailable as error:
        yield problem(error.message)
        return

    for idp in connected:
        problems = idp_registry.find_problems(idp)
        yield from (warning(f"{idp.name}: {text}") for text in problems)
        if not problems:
            yield ok(f"{idp.name}: its certificates are good")
    yield ok(f"cooper's own SAML keys open: {len(keys.decrypt_stored())}")


def check_administrators(_: Addresses) -> Iterator[Finding]:
    """Look whether somebody can administer."""
    people = any(map(administrators.can_administer, Person.everything()))
    if people or any(map(administrators.can_administer, LocalAccount.everything())):
        yield ok("somebody can administer")
    else:
        yield warning(NO_ADMINISTRATOR)
