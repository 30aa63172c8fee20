"""The table of the console's usual services."""

import pytest

from brokers.arns import console_destination
from brokers.console_services import SERVICES, ConsoleService, service_named
from brokers.console_urls import console_url, prefilled_action
from core.partitions import PARTITIONS


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.key)
def test_a_service_lands_on_a_page_that_only_shows(service: ConsoleService) -> None:
    for partition in PARTITIONS.values():
        landed = console_destination(partition.name, partition.home_region, service.path)
        url = console_url(landed)
        assert url.region == partition.home_region
        assert prefilled_action(url) is None


def test_a_service_is_known_by_its_key() -> None:
    keys = [service.key for service in SERVICES]
    assert len(set(keys)) == len(keys)
    assert [service_named(key) for key in keys] == list(SERVICES)
    assert service_named("elsewhere") is None


def test_each_names_a_page_of_its_own() -> None:
    pages = [service.page for service in SERVICES]
    assert len(set(pages)) == len(pages)
    assert all(page.startswith("https://docs.aws.amazon.com/") for page in pages)
