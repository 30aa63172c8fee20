"""The trust policy that a target role needs, ready to paste as JSON, CloudFormation and Terraform.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/, id_roles_create_for-user_externalid.html
and reference_policies_elements_principal.html: naming the account and conditioning on
aws:PrincipalArn survives the deletion and re-creation of cooper's role, naming the role does not.
"""

import json
from typing import Any

from brokers import arns
from brokers.choices import ONE_HOUR


def principal_arns(cooper_arn: str) -> list[str]:
    """Return patterns for aws:PrincipalArn of cooper: a user's ARN, or a role's."""
    account_id, role_name = arns.assumed_role_of(cooper_arn)
    if not account_id:
        return [cooper_arn]

    # an assumed role's ARN hides the role's path
    partition = cooper_arn.split(":")[1]
    role = f"arn:{partition}:iam::{account_id}:role"
    return [f"{role}/{role_name}", f"{role}/*/{role_name}"]


def trust_policy(external_id: str, cooper_arn: str) -> dict[str, Any]:
    """Return the trust policy.

    AssumeRole with the ExternalId, and tags and source identity in a second statement.
    """
    _, partition, _, _, account_id, *_ = cooper_arn.split(":")
    principal = {"AWS": f"arn:{partition}:iam::{account_id}:root"}
    is_cooper = {"ArnLike": {"aws:PrincipalArn": principal_arns(cooper_arn)}}

    assume = {
        "Sid": "CooperAssumes",
        "Effect": "Allow",
        "Principal": principal,
        "Action": "sts:AssumeRole",
        "Condition": {**is_cooper, "StringEquals": {"sts:ExternalId": external_id}},
    }
    # in a statement of its own: a role that lacks it can still be assumed, in weaker mode
    name_the_person = {
        "Sid": "CooperNamesThePerson",
        "Effect": "Allow",
        "Principal": principal,
        "Action": ["sts:TagSession", "sts:SetSourceIdentity"],
        "Condition": is_cooper,
    }
    return {"Version": "2012-10-17", "Statement": [assume, name_the_person]}


def snippets(
    role: arns.RoleArn, external_id: str, cooper_arn: str, max_seconds: int = ONE_HOUR
) -> list[tuple[str, str]]:
    """Return (label, text) of the trust policy in each form."""
    policy = trust_policy(external_id, cooper_arn)
    return [
        ("Trust policy (JSON)", json.dumps(policy, indent=2)),
        ("CloudFormation (YAML)", _cloudformation(role, policy, max_seconds)),
        ("Terraform", _terraform(role, policy, max_seconds)),
    ]


def _indent(text: str, columns: int) -> str:
    """Return the text with every line but the first moved to the right."""
    return text.replace("\n", "\n" + " " * columns)


def _quote_hcl(text: str) -> str:
    return _escape_hcl(json.dumps(text))


def _escape_hcl(text: str) -> str:
    """Return JSON as Terraform takes it, where `${` and `%{` begin a template unless doubled."""
    return text.replace("${", "$${").replace("%{", "%%{")


def _max_session_duration(max_seconds: int) -> int:
    """Return MaxSessionDuration, which IAM takes from one hour up."""
    return max(ONE_HOUR, max_seconds)


def _cloudformation(role: arns.RoleArn, policy: dict[str, Any], max_seconds: int) -> str:
    # JSON is YAML too
    document = _indent(json.dumps(policy, indent=2), 6)
    return f"""AWSTemplateFormatVersion: "2010-09-09"
Description: A role that cooper lets people become
Resources:
  CooperTarget:
    Type: AWS::IAM::Role
    Properties:
      RoleName: {json.dumps(role.name)}
      Path: {json.dumps(role.path)}
      MaxSessionDuration: {_max_session_duration(max_seconds)}
      AssumeRolePolicyDocument: {document}
      ManagedPolicyArns:
        - !Sub arn:${{AWS::Partition}}:iam::aws:policy/ReadOnlyAccess
"""


def _terraform(role: arns.RoleArn, policy: dict[str, Any], max_seconds: int) -> str:
    document = _escape_hcl(_indent(json.dumps(policy, indent=2), 2))
    return f"""resource "aws_iam_role" "cooper_target" {{
  name                 = {_quote_hcl(role.name)}
  path                 = {_quote_hcl(role.path)}
  max_session_duration = {_max_session_duration(max_seconds)}
  assume_role_policy   = jsonencode({document})
}}
"""
