"""Kinds of programs by their user agents, as the tools really send them."""

import pytest

from core.client_kinds import ClientKind, ClientProgram, client_in

AGENTS = {
    "aws-cli/2.23.6 md/awscrt#0.23.8 ua/2.0 os/linux#6.1.0 md/arch#x86_64 lang/python#3.13.5 "
    "md/pyimpl#CPython m/b,E cfg/retry-mode#standard md/installer#source md/command#sso.login": (
        ClientKind.AWS_CLI, "2.23.6",
    ),
    "aws-cli/2.38.1 ua/2.1 os/macos": (ClientKind.AWS_CLI, "2.38.1"),
    "Boto3/1.44.5 md/Botocore#1.44.5 ua/2.1 os/linux#6.1 md/arch#x86_64 lang/python#3.13": (
        ClientKind.BOTO3, "1.44.5",
    ),
    "Boto3/1.26.0 Python/3.9 Linux/5.10 Botocore/1.29.0": (ClientKind.BOTO3, "1.26.0"),
    "Botocore/1.44.5 ua/2.1": (ClientKind.BOTO3, "1.44.5"),
    "aws-sdk-go-v2/1.30.3 os/linux lang/go#1.22.5 md/GOOS#linux md/GOARCH#amd64 api/sso#1.22.4": (
        ClientKind.GO, "1.30.3",
    ),
    "aws-sdk-js/3.1169.0 ua/2.1 os/linux#6.1 lang/js md/nodejs#20.19.2 api/sso#3.1169.0 m/E": (
        ClientKind.JAVASCRIPT, "3.1169.0",
    ),
    "APN/1.0 HashiCorp/1.0 Terraform/1.11.4 (+https://www.terraform.io) "
    "terraform-provider-aws/5.100.0 (+https://registry.terraform.io/providers/hashicorp/aws) "
    "aws-sdk-go-v2/1.36.5 ua/2.1 os/linux lang/go#1.23.8 api/sso#1.25.5": (
        ClientKind.TERRAFORM, "1.11.4",
    ),
    "APN/1.0 HashiCorp/1.0 Terraform/1.12.0-beta1 (+https://www.terraform.io)": (
        ClientKind.TERRAFORM, "1.12.0",
    ),
    "aws-sdk-java/2.31.1 md/io#sync ua/2.1": (ClientKind.OTHER_SDK, ""),
    "aws-sdk-rust/1.3.7 os/linux lang/rust/1.84.1": (ClientKind.OTHER_SDK, ""),
    "curl/8.14.1": (ClientKind.OTHER, ""),
    "": (ClientKind.OTHER, ""),
}  # fmt: skip


@pytest.mark.parametrize("user_agent", AGENTS)
def test_it_is_told_by_the_user_agent(user_agent):
    assert client_in(user_agent) == ClientProgram(*AGENTS[user_agent])


@pytest.mark.parametrize(
    "user_agent",
    [
        "aws-cli",
        "aws-cli/",
        "aws-cli/two",
        "aws-cli/2.23.6;evil",
        "aws-cli/<script>",
        'aws-cli/2", "client_kind": "API',
        "xaws-cli/2.23.6",
        "aws-cli/\u0662.\u0663",
        "aws-cli/123456789",
        "x" * 2_000 + " aws-cli/2.23.6",
        "\x00aws-cli/2.23.6",
    ],
)
def test_nothing_else_of_it_is_kept(user_agent):
    assert client_in(user_agent) == ClientProgram(ClientKind.OTHER)


def test_a_long_one_is_looked_at_in_no_time():
    assert client_in("a/1." * 100_000) == ClientProgram(ClientKind.OTHER)


def test_an_event_has_no_empty_version():
    assert ClientProgram(ClientKind.API).facts == {"client_kind": "API"}
    assert client_in("Boto3/1.44.5").facts == {"client_kind": "boto3", "client_version": "1.44.5"}
