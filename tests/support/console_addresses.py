"""Addresses of the AWS console, real-shaped and hostile, from tests/data."""

import json
import re
from dataclasses import dataclass

from tests.support.paths import ROOT

DATA = ROOT / "tests" / "data"

SESSION = re.compile(r"^https://[0-9]{12}-[a-zA-Z0-9]{8}\.")
"""How the host of one of several sessions begins."""


@dataclass(frozen=True)
class ConsoleAddress:
    """An address, and what it names; "" for nothing."""

    partition: str
    region: str
    account_id: str
    mentioned: tuple[str, ...]
    begins_action: bool
    url: str

    @property
    def destination(self) -> str:
        """Where it leads: the same bytes, without session, port 443, and capitals in the host."""
        without_session = SESSION.sub("https://", self.url)
        scheme, _, rest = without_session.partition("://")
        host = re.split(r"[/?#]", rest)[0]
        address = rest[len(host) :]
        return f"{scheme.lower()}://{host.lower().removesuffix(':443')}{address}"


def console_addresses() -> list[ConsoleAddress]:
    """Return the real-shaped addresses."""
    addresses = []
    for line in (DATA / "console_urls.tsv").read_text().splitlines():
        if line.startswith("#"):
            continue
        columns = ["" if column == "-" else column for column in line.split("\t")]
        partition, region, account_id, mentioned, action, url = columns
        accounts = tuple(mentioned.split(",")) if mentioned else ()
        addresses.append(
            ConsoleAddress(partition, region, account_id, accounts, action == "yes", url)
        )
    return addresses


def hostile_addresses() -> list[str]:
    """Return the addresses that no link may lead to."""
    kinds = json.loads((DATA / "hostile_console_urls.json").read_text())
    return [url for urls in kinds.values() for url in urls]
