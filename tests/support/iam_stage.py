"""A stage on which commands and the server run under a policy of docs/iam, and nothing beyond."""

import copy
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from brokers import catalogue
from embedded_aws import EmbeddedAws
from tests.support import faults
from tests.support.faults import Call, Fault
from tests.support.iam import OWN_KEY, Asked, Policy, asked
from tests.support.paths import ROOT
from tests.support.versions import forget_version

IAM = ROOT / "docs/iam"
FEDERATE = "GetFederationToken"
"""What cooper calls with the keys of another principal, the IAM user behind a target."""


def policy_for(operation: str) -> str:
    """Return the file in whose row docs/install.md names the operation."""
    paper = (ROOT / "docs/install.md").read_text()
    rows = re.findall(r"^ *\| \[iam/([\w-]+\.json)\]\S+ \| (.*?) \|", paper, re.MULTILINE)
    files = [file for file, text in rows if f"`{operation}`" in text]
    assert len(files) == 1, (operation, rows)
    return str(files[0])


@dataclass
class Stage:
    """Who runs has the policy `file`; `policy` is it, or a part of it."""

    file: str
    aws: EmbeddedAws
    client_of: Callable[..., Any]
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    new_key: str
    tables_key: str = OWN_KEY
    policy: Policy = field(init=False)
    asked: set[Asked] = field(default_factory=set)
    denied: set[Asked] = field(default_factory=set)
    """What the newest run asked of IAM, and what of that was denied."""

    def __post_init__(self) -> None:
        self.policy = Policy.read(IAM / self.file)
        self._before = copy.deepcopy(dict(self.aws.tables))
        self._kms_key = settings.COOPER_KMS_KEY

    def begin(self) -> None:
        """Begin anew, with the seed."""
        self.aws.tables.clear()
        self.aws.tables.update(copy.deepcopy(self._before))
        catalogue.forget()
        forget_version()
        # commands set it
        self.monkeypatch.setattr(settings, "COOPER_KMS_KEY", self._kms_key)
        self.asked = set()
        self.denied = set()

    @contextmanager
    def enforced(self) -> Iterator[None]:
        """Let AWS refuse what the policy does not allow."""
        faults.clear()
        denied = Fault(mode="deny", calls=self._denies, message="is not authorized")
        with faults.on(denied, may_miss=True):
            yield

    def _denies(self, call: Call) -> bool:
        # the server's role and the IAM user each have a policy
        if (call.operation == FEDERATE) is not (self.file == "federation-user.json"):
            return False

        questions = asked(call, self.tables_key)
        self.asked |= questions
        refused = self.policy.refused(questions)
        self.denied.update(refused)
        return bool(refused)

    def command(self, *words: str, given: str = "") -> None:
        """Run a command under the policy that docs/install.md names for it."""
        operation = words[0].replace("cooper_", "cooper -")
        if "--release" in words:
            operation += " since-restore -release"
        assert policy_for(operation) == self.file
        self.monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
        # as in a process of its own
        forget_version()
        with self.enforced():
            quiet = {"stdout": io.StringIO(), "stderr": io.StringIO()}
            # as on the command line, where the system checks run first
            call_command(*words, **quiet, skip_checks=False)
