"""The metrics pages of the servers, fetched as Prometheus does."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

PATIENCE = 10.0
"""Seconds that Prometheus waits for a page unless it is told otherwise (scrape_timeout)."""


@dataclass
class MetricsPages:
    """What was fetched from the pages at these ports."""

    ports: list[int]
    seconds: list[float] = field(default_factory=list)
    """How long each page took."""
    longest: int = 0
    """Bytes of the longest one."""

    def fetch(self) -> list[str]:
        """Return every server's page."""
        return [self._fetch(port) for port in self.ports]

    def _fetch(self, port: int) -> str:
        start = time.monotonic()
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as response:
            page = bytes(response.read())
        self.seconds.append(time.monotonic() - start)
        self.longest = max(self.longest, len(page))
        return page.decode()


def grants_done(pages: Iterable[str]) -> int:
    """Return how many grants were done, as these pages say together."""
    samples = [
        sample
        for page in pages
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    ]
    done = [
        sample.value
        for sample in samples
        if sample.name == "cooper_grants_total" and sample.labels["outcome"] == "done"
    ]
    return int(sum(done))
