"""The regions of each partition, from the data that comes with botocore.

A new version of botocore brings new regions; nothing here is a list of our own.
"""

from functools import lru_cache

from botocore.loaders import create_loader

_PSEUDO_REGION = "-global"
"""How the pseudo-regions of global services end, such as aws-global."""


@lru_cache(maxsize=1)
def region_names() -> dict[str, dict[str, str]]:
    """Return, by partition, each region's name and what AWS calls it, as in "Europe (Ireland)"."""
    partitions = create_loader().load_data("partitions")["partitions"]
    return {partition["id"]: _names_in(partition["regions"]) for partition in partitions}


def _names_in(regions: dict[str, dict[str, str]]) -> dict[str, str]:
    names = {}
    for region, details in regions.items():
        if not region.endswith(_PSEUDO_REGION):
            names[region] = details.get("description", region)
    return names
