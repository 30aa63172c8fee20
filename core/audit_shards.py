"""In how many partitions the events of a day are written, and since which day.

A partition of DynamoDB takes 1,000 write units a second, and one whose sort key only rises is not
split for heat: with a day as the hash key, one partition takes all events of the day. So from
version 2 of the tables on, a day has shards.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-sharding.html
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from core import installation
from core.installation import Installation, NotSetUp

SHARDS_ITEM = "audit-shards"
"""The item that says which days have shards; set-up writes it with version 2."""

VERSION = 2
"""The version of the tables from which on there are shards."""

COUNT = 8

LEAD = timedelta(hours=1)
"""Time before the first day with shards: until then every server has learnt of them."""


@dataclass(frozen=True)
class Shards:
    """Which days have shards, and how many."""

    since: date
    count: int

    def partitions_of(self, day: date) -> list[str]:
        """Return the hash keys under which the events of a day are.

        That of the day itself is among them: servers of an earlier version write there.
        """
        partitions = [day.isoformat()]
        if day >= self.since:
            partitions += [f"{day}#{shard}" for shard in range(self.count)]
        return partitions

    def partition_for(self, day: date, name: str) -> str:
        """Return the hash key of an event, the same for the same name."""
        if day < self.since:
            return day.isoformat()

        digest = hashlib.sha256(name.encode()).digest()
        return f"{day}#{digest[0] % self.count}"

    def item(self) -> Installation:
        """Return this as the item that every server reads."""
        value = json.dumps({"since": self.since.isoformat(), "count": self.count})
        return Installation(SHARDS_ITEM, value=value)

    @classmethod
    def of_item(cls, item: Installation) -> "Shards":
        """Return what the item says."""
        value = json.loads(str(item.value))
        return cls(date.fromisoformat(value["since"]), int(value["count"]))


NO_SHARDS = Shards(date.max, 0)


def first_shards(today: date) -> Shards:
    """Return the shards of an installation that nobody has served yet."""
    return Shards(today, COUNT)


def later_shards(now: datetime) -> Shards:
    """Return the shards of an installation that is being served.

    They begin with a day: no server looks for an event in one place that another one has written in
    the other.
    """
    return Shards((now + LEAD).date() + timedelta(days=1), COUNT)


def current() -> Shards:
    """Return the shards; raise CooperError, such as NotSetUp.

    Nothing is taken for "no shards" but tables of an earlier version.
    """
    if installation.recent_version() < VERSION:
        return NO_SHARDS
    return _stored_shards()


@cache
def _stored_shards() -> Shards:
    # they never change once they are there
    return Shards.of_item(installation.set_up_item(SHARDS_ITEM))


def partition_for(day: date, name: str) -> str:
    """Return the hash key under which an event of a day is written; raise CooperError."""
    try:
        shards = current()
    except NotSetUp:
        # set-up itself writes events; readers look under the day in any case
        shards = NO_SHARDS
    return shards.partition_for(day, name)


def forget() -> None:
    """Read the shards again when they are needed next."""
    _stored_shards.cache_clear()
