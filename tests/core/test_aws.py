"""cooper's AWS clients, as far as they lean on names that botocore does not promise to keep."""

from typing import Any

import botocore
import pytest
from botocore.exceptions import NoCredentialsError
from botocore.loaders import JSONFileLoader
from botocore.regions import EndpointRulesetResolver
from botocore.useragent import UserAgentString

from core import __version__, installation
from core import aws as cooper_aws
from core.aws.credentials import borrowing_session
from core.dynamo import TableMissing
from embedded_aws import EmbeddedAws


def test_it_signs_with_lent_keys_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA-of-the-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    credentials: Any = borrowing_session().get_credentials()
    with cooper_aws.using(cooper_aws.Keys("lent", "secret")):
        assert credentials.get_frozen_credentials().access_key == "lent"
    with pytest.raises(NoCredentialsError):
        credentials.get_frozen_credentials()


def test_a_wrong_region_is_named_with_the_prefix_and_the_table(
    store: EmbeddedAws, settings: Any
) -> None:
    settings.COOPER_REGION = "eu-central-1"
    with pytest.raises(TableMissing) as missing:
        installation.schema_version()
    for text in ("eu-central-1", "COOPER_REGION", "cooper-installation", "COOPER_TABLE_PREFIX"):
        assert text in missing.value.detail


def test_every_call_says_that_cooper_makes_it_without_building_that_anew(
    aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = cooper_aws.client("sts")
    user_agents = []

    def keep(request: Any, **_: Any) -> None:
        user_agents.append(request.headers["User-Agent"].decode())

    # botocore's own builder, which takes as long as a quarter of a call
    monkeypatch.delattr(UserAgentString, "_build_sdk_metadata")
    client.meta.events.register("before-send", keep)
    client.get_caller_identity()
    client.meta.events.unregister("before-send", keep)

    [user_agent] = user_agents
    assert user_agent.startswith(f"cooper/{__version__} Python/")
    assert f" Botocore/{botocore.__version__}" in user_agent


def test_the_address_of_an_operation_is_found_once(
    aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []
    find = EndpointRulesetResolver.construct_endpoint

    def count(
        self: EndpointRulesetResolver, operation_model: Any, call_args: Any, request_context: Any
    ) -> Any:
        counted.append(operation_model.name)
        return find(self, operation_model, call_args, request_context)

    monkeypatch.setattr(EndpointRulesetResolver, "construct_endpoint", count)
    cooper_aws.forget_clients()
    client = cooper_aws.client("sts")
    arns = {client.get_caller_identity()["Arn"] for _ in range(3)}
    client.get_session_token()
    cooper_aws.forget_clients()

    assert len(arns) == 1
    assert counted == ["GetCallerIdentity", "GetSessionToken"]


def test_new_clients_do_not_read_the_models_anew(
    aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    cooper_aws.forget_clients()
    cooper_aws.client("sts")
    read: list[str] = []
    load = JSONFileLoader.load_file

    def count(self: JSONFileLoader, path: str) -> Any:
        read.append(path)
        return load(self, path)

    monkeypatch.setattr(JSONFileLoader, "load_file", count)
    cooper_aws.forget_clients()
    for borrowed in (False, True):
        cooper_aws.client("sts", borrowed=borrowed)
    cooper_aws.forget_clients()

    assert read == []
