"""Addresses of the console: what each one names, and that none leads anywhere else."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.arns import console_destination
from brokers.console_hosts import SERVICE_HOSTS
from brokers.console_urls import console_url, front_page, landing, prefilled_action, shown
from brokers.prefilled_actions import ACTIONS, action_of
from core.partitions import PARTITIONS
from tests.support.console_addresses import (
    ConsoleAddress,
    console_addresses,
    hostile_addresses,
)

REAL = console_addresses()
HOSTILE = hostile_addresses()
PATHS = ("", "/", "/ec2/home")
"""Hostile as an address; as a destination they are the console's own."""


def is_console(host: str) -> bool:
    """Return whether a host is one of a console, by a rule of its own."""
    own = [partition.console_host for partition in PARTITIONS.values()]
    below = [f".{console}" for console in own] + [".quicksight.aws.amazon.com"]
    below += [".quicksight.amazonaws.cn"]
    gov = host.startswith("quicksight.us-gov-") and host.endswith("-1.amazonaws.com")
    is_own = host in own or host in SERVICE_HOSTS or host.endswith(tuple(below)) or gov
    return is_own and "signin" not in host


def test_there_are_enough_of_them() -> None:
    assert len(REAL) >= 200 and len({address.url for address in REAL}) == len(REAL)
    assert len(HOSTILE) >= 100 and len(set(HOSTILE)) == len(HOSTILE)
    assert {address.partition for address in REAL} == set(PARTITIONS)


@pytest.mark.parametrize("address", REAL, ids=lambda address: address.url)
def test_an_address_names_what_it_names(address: ConsoleAddress) -> None:
    url = console_url(address.url)
    assert url.partition == address.partition
    assert url.region == address.region
    assert url.account_id == address.account_id
    assert url.mentioned_accounts == address.mentioned
    assert bool(prefilled_action(url)) is address.begins_action


@pytest.mark.parametrize("address", REAL, ids=lambda address: address.url)
def test_an_address_is_kept_to_the_byte(address: ConsoleAddress) -> None:
    url = console_url(address.url)
    assert url.destination == address.destination
    assert console_url(url.destination).destination == url.destination
    assert console_destination(address.partition, "", address.url) == address.destination


@pytest.mark.parametrize("address", REAL, ids=lambda address: address.url)
def test_the_front_page_begins_nothing(address: ConsoleAddress) -> None:
    url = console_url(address.url)
    front = console_url(front_page(url))
    assert front.partition == url.partition and front.region == url.region
    assert prefilled_action(front) is None
    assert not front.account_id


@pytest.mark.parametrize("url", HOSTILE, ids=ascii)
def test_a_hostile_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="address|region|partition"):
        console_url(url)
    if url in PATHS:
        return
    for partition in PARTITIONS:
        with pytest.raises(ValueError, match="address|region|partition"):
            console_destination(partition, "", url)


@pytest.mark.parametrize("address", REAL[::5], ids=lambda address: address.url)
def test_another_partition_s_address_is_refused(address: ConsoleAddress) -> None:
    for partition in PARTITIONS.keys() - {address.partition}:
        with pytest.raises(ValueError, match="partition"):
            landing(partition, "", address.url)


ODD = st.sampled_from([*"/\\?#@:.%&;[]", "%2f", "%00", "\t", "\n", "..", "//", "evil.example", "é"])


@given(
    url=st.sampled_from([address.url for address in REAL]),
    place=st.integers(0, 80),
    odd=st.lists(ODD, min_size=1, max_size=3),
)
def test_no_change_of_an_address_leads_elsewhere(url: str, place: int, odd: list[str]) -> None:
    changed = url[:place] + "".join(odd) + url[place:]
    try:
        destination = console_url(changed).destination
    except ValueError:
        return
    parts = urlsplit(destination)
    assert parts.scheme == "https" and is_console(parts.netloc)
    assert destination.isascii() and destination.isprintable() and "\\" not in destination


# -- pages that begin an action
@pytest.mark.parametrize(
    "address",
    [
        "/cloudshell/home",
        "/CLOUDSHELL",
        "/cloudshell%2Fhome",
        "/%63loudshell/home",
        "/%2563loudshell/home",
        "/x/home#/y?TemplateUrl=z",
        "/x/home#/y?template%55RL=z",
        "/x/home#/y?template$2555RL=z",
        "/iam/home#/roles%2524new",
        "/%252525252525252563loudshell",
    ],
)
def test_no_encoding_hides_an_action(address: str) -> None:
    assert action_of(address) is not None


def test_each_action_names_its_page() -> None:
    assert all(action.page.startswith("https://docs.aws.amazon.com/") for action in ACTIONS)
    assert len({action.title for action in ACTIONS}) == len(ACTIONS)


# -- as a person reads it
@pytest.mark.parametrize(
    ("destination", "text"),
    [
        ("https://x/a%2Fb", "https://x/a/b"),
        ("https://x/a%252Fb", "https://x/a/b"),
        ("https://x/%C3%A9t%C3%A9", "https://x/été"),
        ("https://x/%E2%80%AEevil", "https://x/%E2%80%AEevil"),
        ("https://x/a%0Ab%00", "https://x/a%0Ab%00"),
        ("https://x/%ff%20", "https://x/%ff%20"),
        ("https://x/%20%3Cb%3E", "https://x/ <b>"),
        ("https://x/100%", "https://x/100%"),
    ],
)
def test_it_is_shown_decoded_but_for_what_cannot_be_seen(destination: str, text: str) -> None:
    assert shown(destination) == text
