"""The address of each operation, found by botocore's rules once and not at every call.

The rules ask for the region, the kind of endpoint and the operation, which stay the same as long as
a client does; for what they could ask of a call itself (a table by its ARN, an AWS account's own
endpoint) cooper gives them nothing. To go through them takes 7 % of a call's CPU.
"""

from typing import Any


class _KeptAddresses:
    """Answers in place of botocore's method, which it asks once for each operation."""

    def __init__(self, construct_endpoint: Any) -> None:
        self._construct_endpoint = construct_endpoint
        self._endpoints: dict[str, Any] = {}

    def __call__(self, operation_model: Any, call_args: Any, request_context: Any) -> Any:
        name = operation_model.name
        if name not in self._endpoints:
            self._endpoints[name] = self._construct_endpoint(
                operation_model=operation_model,
                call_args=call_args,
                request_context=request_context,
            )
        return self._endpoints[name]


def keep_addresses(client: Any) -> None:
    """Let a client of botocore find the address of each operation once."""
    # botocore has no public way to it; a test notices when these names go
    resolver = client._ruleset_resolver
    resolver.construct_endpoint = _KeptAddresses(resolver.construct_endpoint)
