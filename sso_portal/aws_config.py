"""The part of `~/.aws/config` that lets the AWS CLI and SDKs use cooper. Pure.

One session, one pair of endpoints, and a profile for each target. What does not fit its grammar is
refused here, whatever is stored: the text is written into other people's files.
Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

BEGIN = "# >>> cooper {host} >>> written by cooper; what stands here is replaced"
END = "# <<< cooper {host} <<<"

PROFILE_PREFIX = "cooper-"
"""Begins the names of profiles, so that none is one that the person has already."""

INVENTED_REGION = "cooper-local-1"
"""No region of AWS: where an endpoint is missing, no token ever goes to AWS's own portal."""

SCOPE = "sso:account:access"

_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{1,80}", re.ASCII)
_ACCOUNT_ID = re.compile(r"[0-9]{12}", re.ASCII)
_REGION = re.compile(r"[a-z0-9-]{1,32}", re.ASCII)
_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+", re.ASCII)


class Profile(NamedTuple):
    """A target as a profile of the AWS CLI."""

    target: str
    """Its name in cooper, which never changes: so that of the profile stays, too."""

    account_id: str
    role_name: str
    region: str


@dataclass(frozen=True)
class Portal:
    """Where cooper is, and what the CLI calls its start URL."""

    url: str
    """Such as `https://cooper.example.com`, without a slash at its end."""

    start_url: str

    @property
    def host(self) -> str:
        """The host, with its port."""
        return self.url.partition("://")[2]

    @property
    def session(self) -> str:
        """The name of the session: the CLI keeps tokens by it, so no two hosts have the same."""
        return PROFILE_PREFIX + re.sub(r"[:\[\]]", "_", self.host)


def profile_name(target: str) -> str:
    """Return the name of a target's profile."""
    return PROFILE_PREFIX + target


def config_block(portal: Portal, profiles: Iterable[Profile]) -> str:
    """Return the block between its two marker lines; raise ValueError for what does not fit."""
    if not _URL.fullmatch(portal.url):
        raise ValueError("The address of cooper cannot be written into a file.")

    begin = BEGIN.format(host=portal.host)
    end = END.format(host=portal.host)

    sections = [_profile(portal, profile) for profile in sorted(profiles)]
    return "\n".join([begin, _session(portal), _services(portal), *sections, end, ""])


def _session(portal: Portal) -> str:
    return "\n".join(
        [
            f"[sso-session {portal.session}]",
            f"sso_start_url = {portal.start_url}",
            f"sso_region = {INVENTED_REGION}",
            f"sso_registration_scopes = {SCOPE}",
            "",
        ]
    )


def _services(portal: Portal) -> str:
    return "\n".join(
        [
            f"[services {portal.session}]",
            "sso =",
            f"  endpoint_url = {portal.url}/sso",
            "sso_oidc =",
            f"  endpoint_url = {portal.url}/sso-oidc",
            "",
        ]
    )


def _profile(portal: Portal, profile: Profile) -> str:
    return "\n".join(
        [
            f"[profile {_checked(_NAME, profile_name(profile.target), profile)}]",
            f"sso_session = {portal.session}",
            f"sso_account_id = {_checked(_ACCOUNT_ID, profile.account_id, profile)}",
            f"sso_role_name = {_checked(_NAME, profile.role_name, profile)}",
            f"region = {_checked(_REGION, profile.region, profile)}",
            # it has to stand in every profile: AWS's tools ignore it in the session
            f"services = {portal.session}",
            "",
        ]
    )


def _checked(grammar: re.Pattern[str], text: str, profile: Profile) -> str:
    if not grammar.fullmatch(text):
        raise ValueError(f"The target {profile.target} cannot be written into a file.")
    return text
