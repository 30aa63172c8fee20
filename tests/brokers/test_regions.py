"""The regions that a console may be opened in."""

from brokers.regions import regions_of
from core.partitions import PARTITIONS, check_region


def test_each_partition_has_its_regions_by_name() -> None:
    for partition in PARTITIONS:
        names = [region.name for region in regions_of(partition)]
        assert names == sorted(names)
        assert PARTITIONS[partition].home_region in names
        for name in names:
            check_region(name, partition)


def test_a_region_says_where_it_is() -> None:
    titles = {region.name: str(region) for region in regions_of("aws")}
    assert titles["eu-west-1"] == "eu-west-1 · Europe (Ireland)"
    assert "aws-global" not in titles


def test_an_unknown_partition_has_none() -> None:
    assert regions_of("aws-elsewhere") == ()
