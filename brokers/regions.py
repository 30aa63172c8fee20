"""The regions that a target's console may be opened in."""

from dataclasses import dataclass
from functools import lru_cache

from core import aws
from core.partitions import REGION


@dataclass(frozen=True)
class Region:
    """A region to choose: its name in addresses, and what AWS calls it."""

    name: str
    """Such as eu-west-1."""
    title: str
    """Such as "Europe (Ireland)"."""

    def __str__(self) -> str:
        """Write it as a choice."""
        return f"{self.name} · {self.title}"


@lru_cache(maxsize=16)
def regions_of(partition: str) -> tuple[Region, ...]:
    """Return a partition's regions by name; none for a partition that botocore does not know."""
    names = aws.region_names().get(partition, {})
    regions = [Region(name, title) for name, title in names.items() if REGION.fullmatch(name)]
    regions.sort(key=lambda region: region.name)
    return tuple(regions)
