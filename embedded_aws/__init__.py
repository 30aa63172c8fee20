"""Embedded AWS: DynamoDB, EventBridge, IAM, KMS, S3, strict STS and a sign-in stand-in on loopback.

For trying out and for tests: it refuses what AWS refuses. Its state lives in this process, in
moto's globals: one at a time. See the README.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.iam.models import iam_backends

from embedded_aws import cloudtrail, seed_aws, signin, tables
from embedded_aws.calls import Call, WsgiApp
from embedded_aws.credential_store import IssuedCredentials, PrincipalType
from embedded_aws.environment import client_environment
from embedded_aws.responses import Response
from embedded_aws.router import Router, loopback_only
from embedded_aws.s3_buckets import Buckets
from embedded_aws.serving import LoopbackServer
from embedded_aws.snapshot import Snapshot, Store
from embedded_aws.state import AwsState, sts_credentials

__all__ = ["EmbeddedAws", "IssuedCredentials", "PrincipalType"]

INSTANCE_ID = "i-0c00be40000000001"

_running: list["EmbeddedAws"] = []


class EmbeddedAws:
    """An AWS on 127.0.0.1.

    `store`: a directory that it survives restarts in. `port` 0: any free one. `wrap`: WSGI
    middleware, for faults. `instance_profile_chains`: credentials of instances count as role
    chaining (AWS's documents say no, one report says yes). `table_activation_seconds`: new tables
    are CREATING for so long. `dynamodb_latency_seconds`: each call to DynamoDB takes so long, while
    others are answered: transactions meet.
    """

    def __init__(
        self,
        store: Path | None = None,
        port: int = 0,
        region: str = "us-east-1",
        wrap: Callable[[WsgiApp], WsgiApp] | None = None,
        *,
        instance_profile_chains: bool = False,
        table_activation_seconds: float = 0,
        dynamodb_latency_seconds: float = 0,
    ) -> None:
        self.region = region
        self._port = port
        self._wrap = wrap
        self._table_activation_seconds = table_activation_seconds

        self._state = AwsState(
            instance_profile_chains=instance_profile_chains,
            dynamodb_latency_seconds=dynamodb_latency_seconds,
        )
        self._snapshot = Snapshot(self._state)
        self._store: Store | None = None
        if store:
            self._store = Store(self._snapshot, store)

    # -- start and stop

    def start(self) -> Self:
        """Restore the store or seed a new one, and serve.

        Raise OSError when the port is taken, StoreError when the store cannot be read,
        RuntimeError under gevent or when another one runs in this process.
        """
        if _running:
            raise RuntimeError(
                "An embedded AWS runs in this process already; moto's state is global."
            )
        if _threads_are_patched():
            raise RuntimeError(
                "The embedded AWS needs real threads. Run it in a process of its own, without "
                "gevent."
            )

        self._restore_or_seed()
        self._router = Router(self._state, self.region)
        app: WsgiApp = self._router
        if self._wrap:
            app = self._wrap(app)
        self._server = LoopbackServer(loopback_only(app), self._port)

        if self._store:
            self._store.start()
        self._config = tempfile.TemporaryDirectory(prefix="embedded-aws-")
        # clients read this one in place of the real ~/.aws/config
        self._config_file.write_text("[default]\n", encoding="utf-8")
        self._server.start()
        _running.append(self)
        return self

    def _restore_or_seed(self) -> None:
        tables.Tables.activation_seconds = self._table_activation_seconds
        tables.install()
        self._snapshot.clear()

        is_restored = self._store is not None and self._store.restore()
        if not is_restored:
            seed_aws.seed(self.region)
        self._initial_parts = self._snapshot.dump()

    def stop(self) -> None:
        """Stop serving, and save."""
        self._server.stop()
        if self._store:
            self._store.stop()
        self._snapshot.clear()
        self._config.cleanup()
        _running.remove(self)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        error_class: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def reset(self) -> None:
        """Go back to what it was after `start`: for tests."""
        with self._state.lock:
            self._snapshot.clear()
            self._snapshot.load(self._initial_parts)
            self._state.changed.set()

    # -- how to reach it

    @property
    def endpoint_url(self) -> str:
        """The address of all its services."""
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def signin_url(self) -> str:
        """The address of the sign-in stand-in."""
        return self.endpoint_url + signin.PATH

    @property
    def _config_file(self) -> Path:
        return Path(self._config.name) / "config"

    def environment(self) -> dict[str, str]:
        """Return the variables with which cooper and AWS's tools use this AWS, never a real one."""
        access_key_id, secret = seed_aws.cooper_access_key()
        environment = client_environment(
            self.endpoint_url, self.region, access_key_id, secret, self._config_file
        )
        return environment | seed_aws.cooper_settings(self.region, self.signin_url)

    def register_idp(self, idp: Callable[[Call], Response]) -> None:
        """Let an identity provider answer beside the services, at /example-idp/."""
        self._router.idp = idp

    # -- what tests look at and turn

    @property
    def issued(self) -> list[IssuedCredentials]:
        """What STS has issued since `start` or ever in this store, oldest first; no secrets."""
        return [
            credentials.without_secrets
            for credentials in self._state.credential_store
            if credentials.kind is not PrincipalType.INSTANCE
        ]

    def cloudtrail(self) -> dict[str, Any]:
        """Return what CloudTrail has of these, as a file of its own: also at /cloudtrail.json."""
        return cloudtrail.records(self._state.credential_store, self.region)

    @property
    def tables(self) -> dict[str, Table]:
        """The DynamoDB tables of the seeded AWS account by name, as moto keeps them."""
        return dynamodb_backends[seed_aws.COOPER_ACCOUNT][self.region].tables

    @property
    def buckets(self) -> Buckets:
        """S3's buckets by name, with all versions of their objects."""
        return self._state.buckets

    @property
    def event_buses(self) -> dict[str, list[dict[str, Any]]]:
        """What was put on each of EventBridge's buses, by its ARN, oldest first."""
        return self._state.event_buses

    @property
    def event_faults(self) -> list[str]:
        """The error codes with which EventBridge answers the next entries; "" for none."""
        return self._state.event_faults

    @property
    def instance_profile_chains(self) -> bool:
        """Whether credentials of instances count as role chaining."""
        return self._state.instance_profile_chains

    @instance_profile_chains.setter
    def instance_profile_chains(self, chains: bool) -> None:
        self._state.instance_profile_chains = chains

    @property
    def table_activation_seconds(self) -> float:
        """For how long new tables are CREATING."""
        return tables.Tables.activation_seconds

    @table_activation_seconds.setter
    def table_activation_seconds(self, seconds: float) -> None:
        tables.Tables.activation_seconds = seconds

    @property
    def dynamodb_latency_seconds(self) -> float:
        """How long each call to DynamoDB takes, while others are answered."""
        return self._state.dynamodb_latency_seconds

    @dynamodb_latency_seconds.setter
    def dynamodb_latency_seconds(self, seconds: float) -> None:
        self._state.dynamodb_latency_seconds = seconds

    @property
    def conflicts(self) -> Counter[tuple[str, str]]:
        """How often DynamoDB refused a call for a transaction, by operation and table."""
        return self._state.items_under_way.conflicts

    @property
    def calls_under_way(self) -> int:
        """How many calls to DynamoDB have come in and are not answered yet."""
        return self._state.items_under_way.count

    @contextmanager
    def holding_calls(self) -> Iterator[None]:
        """Let calls come in within the block, and be done after it."""
        with self._state.lock:
            yield

    @contextmanager
    def later(self, seconds: float) -> Iterator[None]:
        """Let this AWS's credentials and sign-in tokens be older by `seconds` within the block."""
        self._state.credential_store.clock_offset += seconds
        try:
            yield
        finally:
            self._state.credential_store.clock_offset -= seconds

    def instance_credentials(
        self, seconds: int = 21_600, role_name: str = seed_aws.COOPER_ROLE
    ) -> dict[str, Any]:
        """Return credentials (AccessKeyId, ..., Expiration) as an EC2 instance gets them."""
        account_id = seed_aws.COOPER_ACCOUNT
        role = iam_backends[account_id]["aws"].get_role(role_name)
        credentials = self._state.issue(
            seconds,
            kind=PrincipalType.INSTANCE,
            arn=f"arn:aws:sts::{account_id}:assumed-role/{role_name}/{INSTANCE_ID}",
            principal_arn=role.arn,
            account_id=account_id,
            user_id=f"{role.id}:{INSTANCE_ID}",
            session_name=INSTANCE_ID,
            caller_arn="ec2.amazonaws.com",
        )
        return sts_credentials(credentials)


def _threads_are_patched() -> bool:
    gevent_monkey = sys.modules.get("gevent.monkey")
    return gevent_monkey is not None and bool(gevent_monkey.is_module_patched("threading"))
