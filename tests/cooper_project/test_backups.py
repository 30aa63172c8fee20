"""`cooper -check` says up to when the tables can be restored."""

from cooper_project.checkup.backups import NOT_ALLOWED, check_backups
from cooper_project.checkup.report import Level
from cooper_project.outside import Addresses
from embedded_aws import EmbeddedAws
from tests.embedded_aws.clients import client_for
from tests.support.aws_refusals import refusing

NOWHERE = Addresses("", "")


def test_it_says_from_when_to_when_and_the_rpo(store: EmbeddedAws) -> None:
    first, second = check_backups(NOWHERE)
    assert first.level is Level.OK and "RPO" in first.text
    assert "another one helps" in second.text


def test_it_names_a_table_without_point_in_time_recovery(store: EmbeddedAws) -> None:
    client_for(store, "dynamodb").update_continuous_backups(
        TableName="cooper-people",
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
    )
    [finding] = check_backups(NOWHERE)
    assert finding.level is Level.WARNING and "cooper-people" in finding.text


def test_it_says_what_it_was_not_allowed_to_look_at(store: EmbeddedAws) -> None:
    with refusing("dynamodb", "DescribeContinuousBackups", "AccessDeniedException"):
        [finding] = check_backups(NOWHERE)
    assert finding.text == NOT_ALLOWED
