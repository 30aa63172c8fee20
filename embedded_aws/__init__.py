"""Embedded AWS: DynamoDB, IAM, KMS, strict STS and a sign-in stand-in on loopback, for trying out and for tests.

It refuses what AWS refuses. Its state lives in this process, in moto's globals: one at a time.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table

from embedded_aws import seed_aws, signin, tables
from embedded_aws.credential_store import Issued, Kind, Record
from embedded_aws.protocol import Answer, Call, Wsgi
from embedded_aws.router import Router, loopback_only
from embedded_aws.serving import LoopbackServer
from embedded_aws.snapshot import Saver, State
from embedded_aws.state import AwsState

__all__ = ["EmbeddedAws", "Issued", "Kind", "Record"]

_running: list["EmbeddedAws"] = []


class EmbeddedAws:
    """An AWS on 127.0.0.1.

    `store`: a directory that it survives restarts in; `port` 0: any free one; `wrap`: WSGI middleware, for faults;
    `instance_profile_chains`: credentials of instances count as role chaining (AWS's documents say no, one report says
    yes); `table_activation_seconds`: new tables are CREATING for so long.
    """

    def __init__(
        self,
        store: Path | None = None,
        port: int = 0,
        region: str = "us-east-1",
        wrap: Callable[[Wsgi], Wsgi] | None = None,
        *,
        instance_profile_chains: bool = False,
        table_activation_seconds: float = 0,
    ) -> None:
        """Keep what it is to be; `start` makes it."""
        self.region = region
        self._store, self._port, self._wrap = store, port, wrap
        self._activation = table_activation_seconds
        self._world = AwsState(instance_profile_chains=instance_profile_chains)
        self._state = State(self._world)
        self._saver = Saver(self._state, store) if store else None

    # -- start and stop

    def start(self) -> Self:
        """Restore the store or seed a new one, and serve.

        Raise OSError when the port is taken, StoreError when the store cannot be read, RuntimeError under gevent or
        when another one runs in this process.
        """
        if _running:
            raise RuntimeError(
                "An embedded AWS runs in this process already; moto's state is global."
            )
        if "gevent.monkey" in sys.modules and sys.modules["gevent.monkey"].is_module_patched(
            "threading"
        ):
            raise RuntimeError(
                "The embedded AWS needs real threads. Run it in a process of its own, without gevent."
            )
        self._fill()
        app = self._front = Router(self._world)
        self._server = LoopbackServer(
            loopback_only(self._wrap(app) if self._wrap else app), self._port
        )
        if self._saver:
            self._saver.start()
        self._config = tempfile.TemporaryDirectory(prefix="cooper-embedded-")
        (Path(self._config.name) / "config").write_text("[default]\n", encoding="utf-8")
        self._server.start()
        _running.append(self)
        return self

    def _fill(self) -> None:
        """Bring the state to what the store holds, or to the seed."""
        self.table_activation_seconds = self._activation
        tables.install()
        self._state.clear()
        if not (self._saver and self._saver.restore()):
            seed_aws.seed(self.region)
        self._began_with = self._state.dump()

    def stop(self) -> None:
        """Stop serving, and save."""
        self._server.stop()
        if self._saver:
            self._saver.stop()
        self._state.clear()
        self._config.cleanup()
        _running.remove(self)

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    def reset(self) -> None:
        """Go back to what it was after `start`: for tests."""
        with self._world.lock:
            self._state.clear()
            self._state.load(self._began_with)
            self._world.changed.set()

    # -- where it is

    @property
    def endpoint_url(self) -> str:
        """Return the address of all its services."""
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def signin_url(self) -> str:
        """Return the address of the sign-in stand-in."""
        return self.endpoint_url + signin.PATH

    def environment(self) -> dict[str, str]:
        """Return the variables with which cooper and AWS's own tools use this AWS, and never a real one."""
        key, secret = seed_aws.coopers_keys()
        loopback = ",".join(
            filter(None, [os.environ.get("NO_PROXY", ""), "127.0.0.1", "localhost"])
        )
        services = {
            f"AWS_ENDPOINT_URL_{name}": self.endpoint_url
            for name in ("DYNAMODB", "IAM", "KMS", "STS")
        }
        blank = dict.fromkeys(("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"), "")
        no = dict.fromkeys(
            (
                "AWS_USE_FIPS_ENDPOINT",
                "AWS_USE_DUALSTACK_ENDPOINT",
                "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
            ),
            "false",
        )
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            **dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION", "COOPER_REGION"), self.region),
            "COOPER_SIGNIN_URL": self.signin_url,
            "COOPER_KMS_KEY": seed_aws.KMS_KEY,
            "COOPER_DEV_ENDPOINTS": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            # an empty profile is an error to botocore, so that it gets one that has nothing in it
            "AWS_PROFILE": "default",
            "AWS_CONFIG_FILE": str(Path(self._config.name) / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": loopback,
            "no_proxy": loopback,
            **services,
            **blank,
            **no,
        }

    def bring(self, idp: Callable[[Call], Answer]) -> None:
        """Let an identity provider answer beside the services, at /example-idp/."""
        self._front.idp = idp

    # -- what tests look at and turn

    @property
    def issued(self) -> list[Record]:
        """Return what STS has issued since `start` or ever in this store, oldest first; no secrets."""
        return [each.record for each in self._world.ledger if each.kind is not Kind.INSTANCE]

    @property
    def tables(self) -> dict[str, Table]:
        """Return the DynamoDB tables of cooper's AWS account by name, as moto holds them."""
        return dynamodb_backends[seed_aws.COOPER_ACCOUNT][self.region].tables

    @property
    def instance_profile_chains(self) -> bool:
        """Return whether credentials of instances count as role chaining."""
        return self._world.instance_profile_chains

    @instance_profile_chains.setter
    def instance_profile_chains(self, wanted: bool) -> None:
        self._world.instance_profile_chains = wanted

    @property
    def table_activation_seconds(self) -> float:
        """Return for how long new tables are CREATING."""
        return tables.Tables.activation_seconds

    @table_activation_seconds.setter
    def table_activation_seconds(self, seconds: float) -> None:
        tables.Tables.activation_seconds = seconds

    @contextmanager
    def later(self, seconds: float) -> Iterator[None]:
        """Let this AWS's credentials and sign-in tokens be older by `seconds` within the block."""
        self._world.ledger.ahead += seconds
        try:
            yield
        finally:
            self._world.ledger.ahead -= seconds

    def instance_credentials(
        self, seconds: int = 21_600, role_name: str = seed_aws.COOPER_ROLE
    ) -> dict[str, Any]:
        """Return credentials as an instance of cooper's AWS account gets them (AccessKeyId, ..., Expiration)."""
        role = self._state.role(seed_aws.COOPER_ACCOUNT, role_name)
        instance = "i-0c00be40000000001"
        issued = self._world.ledger.issue(
            seconds,
            kind=Kind.INSTANCE,
            arn=f"arn:aws:sts::{seed_aws.COOPER_ACCOUNT}:assumed-role/{role_name}/{instance}",
            principal_arn=role.arn,
            account_id=seed_aws.COOPER_ACCOUNT,
            user_id=f"{role.id}:{instance}",
            session_name=instance,
            caller_arn="ec2.amazonaws.com",
        )
        return self._world.credentials(issued)
