"""The trust policy that a target role needs, ready to paste as JSON, CloudFormation and Terraform.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-user_externalid.html and
.../reference_policies_elements_principal.html: naming the account and conditioning on aws:PrincipalArn survives the
deletion and re-creation of cooper's role, naming the role does not.
"""

import json
from typing import Any

from brokers import arns


def principal_arns(cooper_arn: str) -> list[str]:
    """Return patterns for aws:PrincipalArn of cooper: a user's ARN, or a role's (an assumed role hides its path)."""
    account, name = arns.assumed_role_of(cooper_arn)
    if not account:
        return [cooper_arn]
    partition = cooper_arn.split(":")[1]
    return [
        f"arn:{partition}:iam::{account}:role/{name}",
        f"arn:{partition}:iam::{account}:role/*/{name}",
    ]


def trust_policy(external_id: str, cooper_arn: str) -> dict[str, Any]:
    """Return the trust policy: AssumeRole with the ExternalId, and tags and source identity in a second statement."""
    partition, account = cooper_arn.split(":")[1], cooper_arn.split(":")[4]
    principal = {"AWS": f"arn:{partition}:iam::{account}:root"}
    cooper = {"ArnLike": {"aws:PrincipalArn": principal_arns(cooper_arn)}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "CooperAssumes",
                "Effect": "Allow",
                "Principal": principal,
                "Action": "sts:AssumeRole",
                "Condition": {**cooper, "StringEquals": {"sts:ExternalId": external_id}},
            },
            {
                "Sid": "CooperNamesThePerson",
                "Effect": "Allow",
                "Principal": principal,
                "Action": ["sts:TagSession", "sts:SetSourceIdentity"],
                "Condition": cooper,
            },
        ],
    }


def snippets(
    role: arns.RoleArn, external_id: str, cooper_arn: str, max_seconds: int = 3600
) -> list[tuple[str, str]]:
    """Return (label, text) of the trust policy in each form."""
    policy = trust_policy(external_id, cooper_arn)
    return [
        ("Trust policy (JSON)", json.dumps(policy, indent=2)),
        ("CloudFormation (YAML)", _cloudformation(role, policy, max_seconds)),
        ("Terraform", _terraform(role, policy, max_seconds)),
    ]


def _indented(text: str, by: int) -> str:
    """Return the text with every line but the first moved to the right."""
    return text.replace("\n", "\n" + " " * by)


def _hcl(text: str) -> str:
    """Return the text as a string of Terraform, in which `${` and `%{` begin a template unless doubled."""
    return json.dumps(text).replace("${", "$${").replace("%{", "%%{")


def _cloudformation(role: arns.RoleArn, policy: dict[str, Any], max_seconds: int) -> str:
    """Return a CloudFormation template; JSON is YAML too."""
    return f"""AWSTemplateFormatVersion: "2010-09-09"
Description: A role that cooper lets people become
Resources:
  CooperTarget:
    Type: AWS::IAM::Role
    Properties:
      RoleName: {json.dumps(role.name)}
      Path: {json.dumps(role.path)}
      MaxSessionDuration: {max(3600, max_seconds)}
      AssumeRolePolicyDocument: {_indented(json.dumps(policy, indent=2), 6)}
      ManagedPolicyArns:
        - !Sub arn:${{AWS::Partition}}:iam::aws:policy/ReadOnlyAccess
"""


def _terraform(role: arns.RoleArn, policy: dict[str, Any], max_seconds: int) -> str:
    """Return a Terraform resource."""
    return f"""resource "aws_iam_role" "cooper_target" {{
  name                 = {_hcl(role.name)}
  path                 = {_hcl(role.path)}
  max_session_duration = {max(3600, max_seconds)}
  assume_role_policy   = jsonencode({_indented(json.dumps(policy, indent=2), 2)})
}}
"""
