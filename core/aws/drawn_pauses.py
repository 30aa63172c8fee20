"""Pauses before DynamoDB is tried again that are drawn, as those of other services are.

botocore's are 0.05 s and 0.1 s for everybody: whoever was throttled together would come again
together. https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

import random
from typing import Any

from botocore.retryhandler import create_retry_handler
from botocore.translate import build_retry_config

LEAST, MOST = 0.5, 1.5
"""Between which parts of botocore's own pause it is drawn."""


class _DrawnPauses:
    """Decides as botocore's handler of `needs-retry` does; returns seconds, None for no retry."""

    def __init__(self, handler: Any) -> None:
        self._handler = handler

    def __call__(self, **event: Any) -> float | None:
        pause = self._handler(**event)
        if pause is None:
            # it is not tried again
            return None

        return float(pause * random.uniform(LEAST, MOST))  # noqa: S311 - nothing is kept secret


def draw_pauses(new_client: Any, rules: dict[str, Any], tries: int) -> None:
    """Let a client draw its pauses; `rules` are botocore's of retries (its file `_retry`)."""
    service = new_client.meta.service_model.endpoint_prefix
    service_event = new_client.meta.service_model.service_id.hyphenize()
    # it counts the tries after the first one
    config = build_retry_config(
        service, rules["retry"], rules["definitions"], {"max_attempts": tries - 1}
    )
    handler = _DrawnPauses(create_retry_handler(config, service))

    # the id by which botocore has registered its own
    handler_id = f"retry-config-{service}"
    events = new_client.meta.events
    events.unregister(f"needs-retry.{service_event}", unique_id=handler_id)
    events.register(f"needs-retry.{service_event}", handler, unique_id=handler_id)
