"""Files for import, and an installation without targets to import them into."""

import pytest

from brokers import catalogue
from brokers.import_export import export, jobs
from brokers.import_export.drafts import FileRefused, draft
from brokers.models import Change, Import
from demo.seed import READ_S3
from embedded_aws import EmbeddedAws

HEAD = "cooper: 2\n"
ROLE = "  a:\n    kind: role\n    role_arn: arn:aws:iam::444444444444:role/a\n"
USER = (
    "  u:\n    kind: federated_user\n    aws_account: '444444444444'\n    session_policy: '"
    + READ_S3
    + "'\n"
)

T = HEAD + "targets:\n"
# files that a key of the role, or of the federated user, can be added to
A = T + ROLE + "    "
U = T + USER + "    "

EMPTIED = ("targets", "associations", "aws-accounts", "audit")


def emptied(aws: EmbeddedAws) -> None:
    """Empty the tables of the catalogue, as a new installation has them."""
    for name in EMPTIED:
        aws.tables[f"cooper-{name}"].items.clear()
    for change in Change.everything():
        if int(change.number) != catalogue.STAMP:
            change.delete()
    for setting in aws.tables["cooper-installation"].all_items():
        setting.attrs.pop("default_contact", None)
    catalogue.forget()


def imported(text: str, *, prune: bool = False) -> Import:
    """Import a file wholly."""
    jobs.begin(draft(text.encode(), prune=prune), "local:carol")
    return jobs.resume()


def refused(text: str | bytes, **options: bool) -> list[str]:
    """Return what is said of a file that must be refused."""
    with pytest.raises(FileRefused) as caught:
        draft(text.encode() if isinstance(text, str) else text, **options)
    return caught.value.lines


def exported(*, with_keys: bool = False) -> str:
    """Return the export of what is stored."""
    return export.export(with_keys=with_keys)[0]


def many(targets: int, associations: int) -> str:
    """Return a file of so many enabled role targets, with so many associations in all."""
    lines = ["cooper: 2", "accounts:"]
    for n in range(min(20, targets)):
        lines += [
            f"  '{100000000000 + n}':",
            f"    name: Account {n}",
            f"    external_id: cooper-{n:040d}",
        ]
    lines += ["targets:"]
    for n in range(targets):
        arn = f"arn:aws:iam::{100000000000 + n % 20}:role/team/role-{n}"
        lines += [
            f"  target-{n:05}:",
            "    kind: role",
            f"    title: Target {n}",
            f"    role_arn: {arn}",
        ]
        lines += [
            "    max_seconds: 7200",
            "    labels:",
            "    - env=prod",
            "    state: enabled",
            "    tried:",
        ]
        lines += [
            "      works: true",
            "      external_id_enforced: true",
            "      tag_session: true",
        ]
        lines += [
            "      source_identity: true",
            "      longest_seconds: 7200",
            "      findings: []",
        ]
    lines += ["associations:"]
    for n in range(targets):
        groups = sorted({f"okta:team-{(n * 7 + m) % 500}" for m in range(associations // targets)})
        lines += [f"  target-{n:05}:", *(f"    {group}:" for group in groups)]
    return "\n".join(lines) + "\n"
