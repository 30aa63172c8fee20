"""The table of partitions, held to botocore's own data."""

from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.partitions import (
    PARTITIONS,
    REGION,
    check_region,
    partition_of,
    served_partition,
)


def botocore_partitions() -> dict[str, dict[str, Any]]:
    """Return botocore's partitions by name."""
    loader = botocore.session.get_session().get_component("data_loader")
    return {each["id"]: each for each in loader.load_data("partitions")["partitions"]}


def botocore_regions() -> dict[str, str]:
    """Return the partition of every region that botocore has heard of."""
    return {
        region: name
        for name, partition in botocore_partitions().items()
        for region in partition["regions"]
        # pseudo-regions of global services
        if not region.endswith("-global")
    }


@pytest.mark.parametrize("name", PARTITIONS)
def test_it_has_the_domains_and_a_region_of_the_partition(name: str) -> None:
    partition = PARTITIONS[name]
    outputs = botocore_partitions()[name]["outputs"]
    assert partition.dns_suffix == outputs["dnsSuffix"]
    assert partition.dual_stack_suffix == outputs["dualStackDnsSuffix"]
    assert botocore_regions()[partition.home_region] == name


def test_it_knows_the_partition_of_every_region() -> None:
    regions = botocore_regions()
    assert len(regions) > 30
    assert {region: partition_of(region) for region in regions} == regions


def test_it_knows_no_region_as_one_of_aws_that_is_not() -> None:
    assert partition_of("") == "aws"
    assert partition_of("us-isob-east-9") == "aws-iso-b"


def test_it_serves_every_partition_that_has_a_public_sign_in() -> None:
    assert {name for name in botocore_partitions() if "-iso" not in name} == PARTITIONS.keys()
    with pytest.raises(ValueError, match="no public sign-in"):
        served_partition("aws-iso")


def test_it_takes_every_region_that_botocore_knows_in_its_own_partition_alone() -> None:
    for region, name in botocore_regions().items():
        check_region(region, name)
        with pytest.raises(ValueError, match=f"not of {name}-elsewhere"):
            check_region(region, f"{name}-elsewhere")


@given(st.text(max_size=30) | st.from_regex(REGION) | st.from_regex(r"\A[a-z]+-[a-z]+-[0-9]\Z"))
def test_it_takes_nothing_for_a_region_but_what_can_stand_in_a_host_name(region: str) -> None:
    try:
        check_region(region, "aws")
    except ValueError:
        return
    assert set(region) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert len(region) <= 63
