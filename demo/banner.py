"""What the demo prints when it is up."""

import sys
from pathlib import Path

from django.conf import settings

from demo.seed import PASSWORD, PEOPLE


def banner(url: str, environment: dict[str, str], otpauth: str) -> str:
    """Return where the demo is, who may sign in, Carol's codes, and how to reach its AWS."""
    endpoint = environment["AWS_ENDPOINT_URL"]
    region = environment["AWS_REGION"]
    people = ", ".join(PEOPLE)
    python = _short_path(Path(sys.executable))
    sts = f'boto3.client("sts", endpoint_url="{endpoint}", region_name="{region}")'
    return f"""
cooper is up:  {url}

  sign in as   {people}   each with the password   {PASSWORD}
               alice may become most targets, bob none; carol and dan administer, erin audits
               "Sign in with Example IdP" signs in the same people by SAML;
               to cooper they are others

  changes in the admin need a one-time code; carol has a device (dan sets one up when he needs it):
    {otpauth}
  her code now:
    {python} cooper -totp code '{otpauth}'

  its AWS (embedded, on this machine alone; in a shell put "export" before it):
AWS_ENDPOINT_URL={endpoint}

  try what "Get credentials" gave you, after pasting it into a shell:
    {python} -c 'import boto3; print({sts}.get_caller_identity()["Arn"])'

  Ctrl-C stops it; what you did is kept. make demo-reset deletes it.
"""


def _short_path(path: Path) -> Path:
    """Return the path from the checkout, where the path leads into it."""
    if path.is_relative_to(settings.BASE_DIR):
        return path.relative_to(settings.BASE_DIR)
    return path
