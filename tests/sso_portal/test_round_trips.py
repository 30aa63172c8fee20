"""How often an operation asks DynamoDB: not more often for many targets."""

from collections import Counter

import pytest
from django.test import Client

from tests.support import faults
from tests.support.command_line import CommandLineTool

DEV = "222222222222"


@pytest.fixture
def tool(client_of):
    signed_in = CommandLineTool().sign_in(client_of("alice"))
    # what a process reads once
    assert signed_in.credentials(DEV, "dev-read").status_code == 200
    faults.clear()
    return signed_in


def calls() -> Counter[str]:
    return Counter(call.operation for call in faults.journal())


def test_credentials_take_eight_calls(tool):
    assert tool.credentials(DEV, "dev-read").status_code == 200
    assert calls() == {
        "GetItem": 3,
        "Query": 1,
        "TransactWriteItems": 1,
        "AssumeRole": 1,
        "TransactGetItems": 1,
        "PutItem": 1,
    }


def test_the_list_takes_one_look_at_the_catalogue(tool):
    headers = {"Authorization": f"Bearer {tool.access}"}
    assert len(Client().get("/api/v1/targets", headers=headers).json()["targets"]) > 4
    assert calls() == {"GetItem": 3, "Query": 1}
